import { afterEach, expect, it, vi } from "vitest";
import { ask } from "../../test/workerd/client.ts";

/** What `npm run bench:misses` shows in MiB, as the two habits that it comes from. */

afterEach(() => {
  vi.restoreAllMocks();
});

it("a miss leaves no listener on a signal of the platform", async () => {
  const listening = vi.spyOn(EventTarget.prototype, "addEventListener");
  expect((await ask("/orders/1", "allow-unheard")).status).toBe(200);
  expect(listening.mock.calls.filter(([type]) => type === "abort")).toEqual([]);
});

it("a miss sets no timer that outlives its own deadline", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  expect((await ask("/orders/1", "allow-timed")).status).toBe(200);
  const delays = timers.mock.calls.map(([, delayMs]) => delayMs ?? 0);
  expect(delays.length).toBeGreaterThan(0);
  expect(Math.max(...delays)).toBeLessThanOrEqual(5_000);
});
