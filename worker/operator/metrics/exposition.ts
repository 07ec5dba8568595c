/**
 * The text format of Prometheus, version 0.0.4:
 * https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type FamilyType = "counter" | "gauge" | "histogram" | "untyped";

export interface FamilyHead {
  /** A name of the format, as letters, digits and underscores. */
  readonly name: string;
  readonly type: FamilyType;
  /** One sentence or two; any text. */
  readonly help: string;
}

export interface Family extends FamilyHead {
  readonly series: readonly Series[];
}

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  readonly labels: Labels;
  /** What cannot be shown as a number is left out. */
  readonly value: number | Histogram;
}

export interface Histogram {
  /** Upper bounds, rising, without infinity. */
  readonly bounds: readonly number[];
  /** One count for each bound, and one for everything above the last. */
  readonly counts: readonly number[];
  readonly sum: number;
}

/** Families without a series are left out. A series that would be the same as an earlier one is left out. */
export function formatFamilies(families: readonly Family[]): string {
  return families.map(formatFamily).join("");
}

function formatFamily({ name, type, help, series }: Family): string {
  const lines: string[] = [];
  const seen = new Set<string>();
  for (const { labels, value } of series) {
    const key = labelKey(labels);
    if (seen.has(key)) continue;
    const added = typeof value === "number" ? formatValue(name, key, value) : formatHistogram(name, labels, value);
    if (added.length === 0) continue;
    seen.add(key);
    lines.push(...added);
  }
  if (lines.length === 0) return "";
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join("\n")}\n`;
}

function formatValue(name: string, labels: string, value: number): string[] {
  return Number.isFinite(value) ? [`${name}${labels} ${value}`] : [];
}

/** The format's buckets are cumulative. */
function formatHistogram(name: string, labels: Labels, { bounds, counts, sum }: Histogram): string[] {
  if (counts.length !== bounds.length + 1 || ![...counts, sum].every(Number.isFinite)) return [];
  let below = 0;
  const buckets = counts.map((count, index) => {
    below += count;
    const bound = bounds[index];
    return `${name}_bucket${labelKey({ ...labels, le: bound === undefined ? "+Inf" : String(bound) })} ${below}`;
  });
  const same = labelKey(labels);
  return [...buckets, `${name}_sum${same} ${sum}`, `${name}_count${same} ${below}`];
}

/** A series' labels as the format writes them. */
export function labelKey(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(value: string): string {
  return printable(value).replace(/["\\\n]/g, (character) => (character === "\n" ? "\\n" : `\\${character}`));
}

function escapeHelp(text: string): string {
  return printable(text).replace(/[\\\n]/g, (character) => (character === "\n" ? "\\n" : "\\\\"));
}

/** Parsers differ in what they make of control characters, and half of a surrogate pair has no bytes. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return text.toWellFormed().replace(/[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]/g, "\ufffd");
}
