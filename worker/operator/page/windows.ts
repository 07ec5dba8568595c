/** The windows that the page offers; its address can name others (read-stats-query.ts). */
export const WINDOWS = [
  { text: "15m", label: "15 min" },
  { text: "1h", label: "1 h" },
  { text: "6h", label: "6 h" },
  { text: "24h", label: "24 h" },
] as const;

/** A window as the address has it, and in ms. */
export interface ChosenWindow {
  readonly text: string;
  readonly ms: number;
}

export const DEFAULT_WINDOW: ChosenWindow = { text: "15m", ms: 15 * 60_000 };
