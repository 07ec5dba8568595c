/**
 * Okabe and Ito's colours, which people with any colour vision can tell apart. Dashes and shapes repeat the distinction for
 * print. Only `measured` has the strong orange.
 */
export interface Style {
  readonly colour: string;
  readonly dash: readonly number[];
  readonly shape: string;
  readonly width: number;
}

/** Legend entries that are not policies. */
export const REQUIRED = "required";
export const ESTIMATE = "required, estimated";

export const INK = "#222222";
export const FAINT_INK = "#666666";
export const GRID = "#e8e8e8";
export const MEASURED_COLOUR = "#d55e00";
export const UPTIME_COLOUR = "#0072b2";

const SOLID: readonly number[] = [1, 0];

/** In the order of the legend, which is also from back to front. */
const STYLES: Readonly<Record<string, Style>> = {
  [REQUIRED]: { colour: "#ccd5e0", dash: SOLID, shape: "square", width: 6 },
  never: { colour: "#8a8a8a", dash: SOLID, shape: "square", width: 1.5 },
  threshold: { colour: "#56b4e9", dash: [6, 2], shape: "triangle-down", width: 1.5 },
  uptime: { colour: UPTIME_COLOUR, dash: SOLID, shape: "triangle-up", width: 1.5 },
  ratio: { colour: "#009e73", dash: SOLID, shape: "cross", width: 1.5 },
  optimum: { colour: "#000000", dash: [2, 2], shape: "circle", width: 1.5 },
  oracle: { colour: "#cc79a7", dash: [8, 3, 2, 3], shape: "diamond", width: 1.5 },
  measured: { colour: MEASURED_COLOUR, dash: SOLID, shape: "circle", width: 2.5 },
  [ESTIMATE]: { colour: INK, dash: [2, 2], shape: "circle", width: 1.5 },
};

const OTHER: Style = { colour: "#b3a125", dash: [4, 4], shape: "square", width: 1.5 };

/** `uptime-60min` is in the family `uptime`. */
export function familyOf(policy: string): string {
  return policy.split("-")[0]!;
}

export function styleOf(policy: string): Style {
  return STYLES[familyOf(policy)] ?? OTHER;
}

/** Sorted from back to front: unknown policies first, `measured` last of the policies and so on top. */
export function inOrder(policies: Iterable<string>): string[] {
  const families = Object.keys(STYLES);
  const place = (policy: string) => families.indexOf(familyOf(policy));
  return [...new Set(policies)].toSorted((a, b) => place(a) - place(b) || a.localeCompare(b, "en"));
}
