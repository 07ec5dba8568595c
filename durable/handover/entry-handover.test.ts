import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { FilterHandover, MoveStep } from "../../wasm/host/index.ts";
import { EntryHandover } from "./entry-handover.ts";

/** An old instance that has so many chunks to tell, of which others use so many in each of their turns `again`. */
function teller(chunks: number, again = 0) {
  let left = chunks;
  let sinceTurn = 0;
  const steps: number[] = [];
  const from = {
    begin: () => {},
    end: () => {},
    moveTo: (): MoveStep => {
      if (left <= 0) return { kind: "up-to-date" };
      left -= 1;
      sinceTurn += 1;
      return { kind: "moved" };
    },
  } as unknown as FilterHandover;
  const turn = async (): Promise<void> => {
    steps.push(sinceTurn);
    sinceTurn = 0;
    left = Math.min(chunks, left + again);
  };
  return { from, turn, steps };
}

const to = { abandon: () => {} } as unknown as FilterHandover;
const sizes = { fromBytes: 10 * PAGE_BYTES, budgetBytes: 100 * PAGE_BYTES };

describe("a handover", () => {
  it("moves one chunk a turn while nothing is told again", async () => {
    const { from, turn, steps } = teller(9);
    expect(await new EntryHandover(from, to).move(sizes, turn, () => true)).toBe(true);
    expect(new Set(steps)).toEqual(new Set([1]));
  });

  it("comes to its end under load, by larger steps of at most eight chunks", async () => {
    const { from, turn, steps } = teller(10, 5);
    expect(await new EntryHandover(from, to).move(sizes, turn, () => true)).toBe(true);
    expect(Math.max(...steps)).toBeLessThanOrEqual(8);
  });

  it("is given up where more is told again than can be moved", async () => {
    const { from, turn, steps } = teller(10, 50);
    expect(await new EntryHandover(from, to).move(sizes, turn, () => true)).toBe(false);
    expect(steps.length).toBeLessThan(200);
  });

  it("has the new instance replaced once, and not for each reply, where it stops taking", () => {
    const { from } = teller(0);
    let broken = 0;
    const handover = new EntryHandover(from, to);
    handover.switched(() => {
      broken += 1;
    });
    from.moveTo = () => ({ kind: "failed", message: "trapped" });
    handover.passOn();
    handover.passOn();
    expect(broken).toBe(1);
  });
});
