import { describe, expect, it } from "vitest";
import { restartSettings } from "../config/index.ts";
import { PAGE_BYTES } from "../wasm/byte-units.ts";
import { handoverOpponents, opponents } from "./opponents.ts";
import type { PolicySupervisor } from "./supervisor.ts";

const MINUTE_MS = 60_000;
const PEAK_BYTES = 100 * PAGE_BYTES;

/** The baseline of an opponent whose first generation held nine pages after collecting, and its second four. */
function secondBaseline(name: string): number {
  const opponent = opponents(PEAK_BYTES).find((each) => each.name === name)!;
  const supervisor = opponent.make(restartSettings(), 1, false) as PolicySupervisor;
  const collect = (nowMs: number, pages: number) =>
    supervisor.sample(nowMs, {
      allocatedBytes: pages * PAGE_BYTES,
      liveBytes: Number.NaN,
      requests: 0,
      hits: 0,
      outbound: 0,
    });
  supervisor.started(0, PAGE_BYTES);
  collect(15 * MINUTE_MS, 9);
  supervisor.restarted(16 * MINUTE_MS, "required_fell", 9 * PAGE_BYTES, PAGE_BYTES);
  collect(31 * MINUTE_MS, 4);
  return supervisor.controller.paperEstimate(31 * MINUTE_MS).baselineBytes / PAGE_BYTES;
}

describe("the opponents", () => {
  it("have names of their own", () => {
    const names = opponents(PEAK_BYTES).map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("know the operator's share: 1 % except where measured is swept over it", () => {
    const shares = new Map(opponents(PEAK_BYTES).map(({ name, share }) => [name, share]));
    expect(shares.get("measured")).toBe(0.01);
    expect(shares.get("measured-0.1%")).toBe(0.001);
    expect(shares.get("measured-3%")).toBe(0.03);
    expect(shares.get("uptime-60min")).toBe(0.01);
  });

  it("with handover are the policies with their defaults and timers of 5, 20 and 60 minutes", () => {
    expect(handoverOpponents().map(({ name }) => name)).toEqual([
      "measured",
      "ratio",
      "uptime-5min",
      "uptime-20min",
      "uptime-60min",
    ]);
    expect(handoverOpponents().some(({ isVariant }) => isVariant)).toBe(false);
  });

  it("include both readings of the paper's baseline", () => {
    expect(secondBaseline("ratio")).toBe(4);
    expect(secondBaseline("ratio-remembered")).toBe(9);
  });
});
