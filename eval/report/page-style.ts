/** Text has a readable width, figures are a little wider, and tables are as wide as they need. */
export const PAGE_STYLE = `
:root { color-scheme: light; }
body { margin: 0 auto; max-width: 984px; padding: 32px 16px 64px; background: white; color: #222;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
h1 { font-size: 28px; line-height: 1.25; margin: 0 0 8px; }
h2 { font-size: 21px; margin: 48px 0 8px; padding-top: 12px; border-top: 1px solid #ddd; }
h3 { font-size: 16px; margin: 32px 0 4px; }
p, dl, ul { max-width: 720px; margin: 8px 0 12px; }
.lead { font-size: 18px; }
.note, figcaption { color: #555; font-size: 14px; }
.keys { display: flex; flex-wrap: wrap; gap: 12px; margin: 20px 0; padding: 0; list-style: none; max-width: none; }
.keys li { flex: 1 1 160px; padding: 12px 14px; border-top: 3px solid #d55e00; background: #f7f7f7; font-size: 14px; }
.keys strong { display: block; font-size: 24px; line-height: 1.3; font-variant-numeric: tabular-nums; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; font-size: 15px; }
dt { font-weight: 600; overflow-wrap: anywhere; max-width: 240px; }
dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 20px 0 28px; }
figcaption { padding: 0 12px; max-width: 720px; }
figure { max-width: 832px; }
svg { display: block; max-width: 100%; height: auto; }
.scroll { overflow-x: auto; margin: 12px 0; }
table { border-collapse: collapse; font-size: 13px; line-height: 1.4; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 6px; text-align: left; vertical-align: top; }
th { font-weight: 600; color: #555; vertical-align: bottom; }
td:first-child { min-width: 150px; overflow-wrap: anywhere; }
.number { text-align: right; }
td:not(:first-child) { white-space: nowrap; }
.groups th { text-align: center; border-bottom: 1px solid #ccc; color: #222; }
thead tr:last-child th { border-bottom: 1px solid #999; }
tbody tr:nth-child(even) { background: #f7f7f7; }
tfoot tr:first-child td { border-top: 1px solid #999; }
tfoot td { font-weight: 600; }
summary { cursor: pointer; color: #555; margin: 12px 0; }
code { font-size: 14px; overflow-wrap: anywhere; }
@media print { details > * { display: block; } h2 { break-after: avoid; } figure, tr { break-inside: avoid; } }
`;
