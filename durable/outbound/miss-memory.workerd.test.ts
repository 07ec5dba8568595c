import { afterEach, expect, it, vi } from "vitest";
import { ask } from "../../test/workerd/client.ts";

/** Checks the causes of the memory growth that `npm run bench:misses` measures in MiB. */

afterEach(() => {
  vi.restoreAllMocks();
});

it("a miss adds no listener to a platform signal", async () => {
  const listening = vi.spyOn(EventTarget.prototype, "addEventListener");
  expect((await ask("/orders/1", "allow-unheard")).status).toBe(200);
  expect(listening.mock.calls.filter(([type]) => type === "abort")).toEqual([]);
});

it("many simultaneous misses share one timer for their deadlines", async () => {
  const timers = vi.spyOn(globalThis, "setTimeout");
  const misses = Array.from({ length: 40 }, (_, n) => ask("/orders/1", `allow-timed-${n}`));
  expect((await Promise.all(misses)).map(({ status }) => status)).toEqual(misses.map(() => 200));
  // Apart from deadlines, an object has timers for work after an answer.
  expect(timers.mock.calls.length).toBeLessThan(20);
});

it("successive misses clear no timer", async () => {
  const cleared = vi.spyOn(globalThis, "clearTimeout");
  for (let n = 0; n < 5; n += 1) expect((await ask("/orders/1", `allow-alone-${n}`)).status).toBe(200);
  expect(cleared).not.toHaveBeenCalled();
});
