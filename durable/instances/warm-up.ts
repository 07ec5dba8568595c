import { EntryHandover } from "../handover/entry-handover.ts";
import type { Isolate } from "../memory/isolate.ts";
import { nextTask } from "../runtime/async.ts";
import type { Generation } from "./generation.ts";

/**
 * Moves all live entries of `old` into `fresh` while `old` serves. Returns in the task in which both have the same entries.
 *
 * @param isCurrent whether `old` is still the serving generation; checked between steps
 * @returns undefined if one of them ended or failed meanwhile, or the filter cannot hand entries over
 */
export async function warmUp(
  old: Generation,
  fresh: Generation,
  { memory, budget }: Pick<Isolate, "memory" | "budget">,
  isCurrent: () => boolean,
): Promise<EntryHandover | undefined> {
  const [from, to] = [old.handover, fresh.handover];
  if (from === undefined || to === undefined) return undefined;
  const budgetBytes = Math.max(old.startBytes, memory.roomBelow(budget.hardBytes));
  const releaseReservation = memory.reserve(Math.min(budgetBytes, old.allocatedBytes));
  try {
    const handover = new EntryHandover(from, to);
    const goesOn = (): boolean => isCurrent() && !old.failed && !fresh.failed;
    const moved = await handover.move({ budgetBytes, fromBytes: old.allocatedBytes }, nextTask, goesOn);
    return moved && goesOn() && handover.catchUp() ? handover : undefined;
  } finally {
    releaseReservation();
  }
}
