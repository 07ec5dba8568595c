import { describe, expect, it } from "vitest";
import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import type { FilterHandover, MoveStep } from "../../wasm/host/index.ts";
import { EntryHandover } from "./entry-handover.ts";

/** An old instance with `chunks` to export, of which `again` change during each pause. */
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
  it("moves one chunk per step while nothing is exported again", async () => {
    const { from, turn, steps } = teller(9);
    expect(await new EntryHandover(from, to).move(sizes, turn, () => true)).toBe(true);
    expect(new Set(steps)).toEqual(new Set([1]));
  });

  it("ends under load through larger steps of at most eight chunks", async () => {
    const { from, turn, steps } = teller(10, 5);
    expect(await new EntryHandover(from, to).move(sizes, turn, () => true)).toBe(true);
    expect(Math.max(...steps)).toBeLessThanOrEqual(8);
  });

  it("is given up if more is exported again than can be moved", async () => {
    const { from, turn, steps } = teller(10, 50);
    expect(await new EntryHandover(from, to).move(sizes, turn, () => true)).toBe(false);
    expect(steps.length).toBeLessThan(200);
  });

  it("replaces the new instance once, not for each reply, if it stops importing", () => {
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
