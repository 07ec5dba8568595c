import * as v from "valibot";
import type { IsolateLimits, Restart } from "./gateway.ts";
import { memory } from "./schema/memory.ts";
import { resolveRestart, restart } from "./schema/restart.ts";

/**
 * Restart settings of a service without a cache, for code that has no whole configuration: the evaluation, benchmarks and
 * tests.
 *
 * @throws ValiError if a value is not allowed
 */
export function restartSettings(given: Partial<Restart> = {}): Restart {
  return resolveRestart(v.parse(restart, given), undefined);
}

/** The same for the memory of an isolate. */
export function isolateLimits(given: Partial<IsolateLimits> = {}): IsolateLimits {
  return v.parse(memory, given);
}
