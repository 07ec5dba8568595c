import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const [SUCCESS, BADF, FAULT, INVAL, NOTSUP] = [0, 8, 21, 28, 58];
const [CLOCK, FD_READ, FD_WRITE] = [0, 1, 2];
const EVENTS_AT = 32_768;
const COUNT_AT = 16;

interface Subscription {
  readonly userdata?: bigint;
  readonly tag?: number;
  /** The clock's id or the file descriptor. */
  readonly id?: number;
  readonly timeoutNs?: bigint;
  readonly flags?: number;
}

function encoded({ userdata = 0n, tag = CLOCK, id = 1, timeoutNs = 0n, flags = 0 }: Subscription): Uint8Array {
  const view = new DataView(new ArrayBuffer(48));
  view.setBigUint64(0, userdata, true);
  view.setUint8(8, tag);
  view.setUint32(16, id, true);
  view.setBigUint64(24, timeoutNs, true);
  view.setUint16(40, flags, true);
  return new Uint8Array(view.buffer);
}

function polled(host: HostHarness, subscriptions: readonly Subscription[]): { errno: number; events: unknown[] } {
  const bytes = Uint8Array.from(subscriptions.flatMap((subscription) => [...encoded(subscription)]));
  const [pointer] = host.put(bytes);
  const errno = host.call("poll_oneoff", [pointer, EVENTS_AT, subscriptions.length, COUNT_AT]);
  const events = Array.from({ length: host.u32(COUNT_AT) }, (_, index) => {
    const view = new DataView(host.bytes(EVENTS_AT + 32 * index, 32).buffer);
    return { userdata: view.getBigUint64(0, true), error: view.getUint16(8, true), tag: view.getUint8(10) };
  });
  return { errno, events };
}

/** The monotonic clock, in milliseconds. */
function clockMs(host: HostHarness): number {
  expect(host.call("clock_time_get", [1, 0, 64])).toBe(SUCCESS);
  return (host.u32(68) * 2 ** 32 + host.u32(64)) / 1e6;
}

const USERDATA = 0x0123_4567_89ab_cdefn;

describe("a guest that sleeps", () => {
  it("gets one event with its own data, as Rust's thread::sleep expects", () => {
    const answer = polled(new HostHarness(), [{ userdata: USERDATA, timeoutNs: 5_000_000n }]);
    expect(answer).toEqual({ errno: SUCCESS, events: [{ userdata: USERDATA, error: SUCCESS, tag: CLOCK }] });
  });

  it("sees its time pass, although the clock stands still", () => {
    const host = new HostHarness();
    const before = clockMs(host);
    polled(host, [{ timeoutNs: 250_000_000n }]);
    expect(clockMs(host) - before).toBeCloseTo(250, 0);
  });

  it("until a time of the monotonic clock has that time then", () => {
    const host = new HostHarness();
    const untilMs = clockMs(host) + 250;
    const until: Subscription = { timeoutNs: BigInt(Math.round(untilMs * 1e6)), flags: 1 };
    polled(host, [until]);
    expect(clockMs(host)).toBeCloseTo(untilMs, 0);
    // A time that is over passes no more time.
    expect(polled(host, [until]).events).toHaveLength(1);
    expect(clockMs(host)).toBeCloseTo(untilMs, 0);
  });

  it("for ever sleeps a minute at most", () => {
    const host = new HostHarness();
    const before = clockMs(host);
    expect(polled(host, [{ timeoutNs: 2n ** 64n - 1n }]).events).toHaveLength(1);
    expect(clockMs(host) - before).toBeCloseTo(60_000, 0);
  });

  it("on a clock that does not exist is told so at once", () => {
    const answer = polled(new HostHarness(), [{ userdata: 7n, id: 3 }]);
    expect(answer).toEqual({ errno: SUCCESS, events: [{ userdata: 7n, error: NOTSUP, tag: CLOCK }] });
  });
});

describe("a guest that waits for several things", () => {
  it("gets the earliest timer only", () => {
    const host = new HostHarness();
    const before = clockMs(host);
    const { events } = polled(host, [
      { userdata: 1n, timeoutNs: 900_000_000n },
      { userdata: 2n, timeoutNs: 100_000_000n },
      { userdata: 3n, timeoutNs: 500_000_000n },
    ]);
    expect(events).toEqual([{ userdata: 2n, error: SUCCESS, tag: CLOCK }]);
    expect(clockMs(host) - before).toBeCloseTo(100, 0);
  });

  it("gets files at once, before any timer: standard output can be written to, nothing else exists", () => {
    const host = new HostHarness();
    const before = clockMs(host);
    const { events } = polled(host, [
      { userdata: 1n, timeoutNs: 900_000_000n },
      { userdata: 2n, tag: FD_WRITE, id: 1 },
      { userdata: 3n, tag: FD_WRITE, id: 5 },
      { userdata: 4n, tag: FD_READ, id: 0 },
      { userdata: 5n, tag: 77, id: 1 },
    ]);
    expect(events).toEqual([
      { userdata: 2n, error: SUCCESS, tag: FD_WRITE },
      { userdata: 3n, error: BADF, tag: FD_WRITE },
      { userdata: 4n, error: BADF, tag: FD_READ },
      { userdata: 5n, error: BADF, tag: 77 },
    ]);
    expect(clockMs(host)).toBe(before);
  });

  it("and names none gets no event", () => {
    expect(polled(new HostHarness(), [])).toEqual({ errno: SUCCESS, events: [] });
  });
});

it("subscriptions and events must lie in memory, and there is a limit to them", () => {
  const host = new HostHarness();
  expect(host.call("poll_oneoff", [65_500, EVENTS_AT, 1, COUNT_AT])).toBe(FAULT);
  expect(host.call("poll_oneoff", [0, 65_520, 1, COUNT_AT])).toBe(FAULT);
  expect(host.call("poll_oneoff", [0, EVENTS_AT, 1, -1])).toBe(FAULT);
  expect(host.call("poll_oneoff", [0, EVENTS_AT, HOST_LIMITS.pollSubscriptions + 1, COUNT_AT])).toBe(INVAL);
  expect(host.call("poll_oneoff", [0, EVENTS_AT, -1, COUNT_AT])).toBe(INVAL);
});
