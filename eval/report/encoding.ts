import { inOrder, styleOf } from "./palette.ts";
import { toHours } from "./text.ts";

/** Colour, dash and width of lines by the data's `policy` field, with one common legend. */
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

/** An axis in hours with at most 13 ticks; for traces longer than 24 days, a tick per week. */
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

/** Rounds up if less than 0.1 h is missing: the last sample of a day comes some seconds before its end. */
function wholeHours(hours: number): number {
  const whole = Math.ceil(hours);
  return hours > whole - 0.1 ? whole : hours;
}
