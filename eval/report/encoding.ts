import { inOrder, styleOf } from "./palette.ts";
import { toHours } from "./text.ts";

/** Colour, dash and width of lines by policy, with one legend for the three, for data with a `policy`. */
export function lineEncoding(policies: readonly string[]): { color: object; strokeDash: object; strokeWidth: object } {
  const domain = inOrder(policies);
  const scaled = (pick: (policy: string) => unknown) => ({
    field: "policy",
    type: "nominal",
    sort: domain,
    scale: { type: "ordinal", domain, range: domain.map(pick) },
    legend: { title: null, symbolType: "stroke", symbolOpacity: 1 },
  });
  return {
    color: scaled((policy) => styleOf(policy).colour),
    strokeDash: scaled((policy) => styleOf(policy).dash),
    strokeWidth: scaled((policy) => styleOf(policy).width),
  };
}

/** Ticks at whole parts of a day, or at what suits a shorter or a longer trace. */
export function hoursAxis(endMs: number): object {
  const hours = wholeHours(toHours(endMs));
  const step = [0.25, 0.5, 1, 2, 3, 6, 12, 24, 48].find((candidate) => hours / candidate <= 12) ?? 168;
  const count = Math.floor(hours / step);
  return {
    field: "hours",
    type: "quantitative",
    scale: { domain: [0, hours], nice: false },
    axis: { title: "hours", grid: false, values: Array.from({ length: count + 1 }, (_, index) => index * step) },
  };
}

/** The last sample of a day comes some seconds before its end. */
function wholeHours(hours: number): number {
  const whole = Math.ceil(hours);
  return hours > whole - 0.1 ? whole : hours;
}
