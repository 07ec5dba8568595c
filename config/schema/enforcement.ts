import * as v from "valibot";
import type { Enforcement } from "../gateway.ts";
import { anObject, chosen } from "./chosen.ts";
import { fields, text } from "./fields.ts";

const UNTIL = 'the last day as "YYYY-MM-DD" (UTC); from the next day on the service enforces';

const ALLOWED = '"enforce", or { mode: "report-only", until: "YYYY-MM-DD" }';

const enforce = v.pipe(
  v.literal("enforce", ALLOWED),
  v.transform((mode) => ({ mode })),
);

const reportOnly = v.pipe(
  fields({
    mode: v.literal("report-only", '"report-only"'),
    until: text(UNTIL, (value) => endOfDayMs(value) !== undefined, 10),
  }),
  v.transform((value) => ({ ...value, untilMs: endOfDayMs(value.until) ?? 0 })),
);

/** Whether refused requests are refused. */
export const enforcement = chosen<Enforcement>(ALLOWED, [[anObject, reportOnly]], enforce);

/** The first millisecond after a day. Undefined if there is no such day. */
function endOfDayMs(day: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return undefined;
  const start = new Date(`${day}T00:00:00Z`);
  // A parser may take February 30 for March 2.
  const isDay = !Number.isNaN(start.getTime()) && start.toISOString().startsWith(day);
  return isDay ? start.getTime() + 24 * 60 * 60_000 : undefined;
}
