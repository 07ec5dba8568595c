import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Prober } from "./prober.ts";
import { type Contact, Reachability } from "./reachability.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

function probing(contact: () => Contact) {
  const reachability = new Reachability();
  const probe = vi.fn(async () => contact());
  const onRunning = vi.fn();
  const prober = new Prober({
    reachability,
    nowMs: () => Date.now(),
    probe,
    onProbed: () => {},
    onRunning,
    intervalMs: 5_000,
    idleMs: 60_000,
  });
  const lose = () => {
    reachability.callStarted(Date.now(), 1_000);
    reachability.callEnded("silence", Date.now());
    prober.asked();
  };
  return { reachability, prober, probe, onRunning, lose };
}

it("probes nothing while nothing is suspected", async () => {
  const { prober, probe } = probing(() => "answer");
  prober.asked();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([probe.mock.calls.length, vi.getTimerCount()]).toEqual([0, 0]);
});

it("probes at once, and ends with the first answer", async () => {
  const { reachability, probe, onRunning, lose } = probing(() => "answer");
  lose();
  await vi.advanceTimersByTimeAsync(0);
  expect([probe.mock.calls.length, reachability.state, vi.getTimerCount()]).toEqual([1, "answering", 0]);
  expect(onRunning.mock.calls).toEqual([[true], [false]]);
});

it("probes again soon at first: many outages are short", async () => {
  const { probe, lose } = probing(() => "silence");
  const startedMs: number[] = [];
  const firstMs = Date.now();
  probe.mockImplementation(async () => {
    startedMs.push(Date.now() - firstMs);
    return "silence";
  });
  lose();
  await vi.advanceTimersByTimeAsync(20_000);
  expect(startedMs).toEqual([0, 500, 1_500, 3_500, 7_500, 12_500, 17_500]);
});

it("counts the interval from the start of a probe, so a hanging server is detected as soon as one that is gone", async () => {
  const { reachability, probe, lose } = probing(() => "silence");
  probe.mockImplementation(() => new Promise((resolve) => setTimeout(() => resolve("silence"), 5_000)));
  lose();
  await vi.advanceTimersByTimeAsync(30_100);
  expect([probe.mock.calls.length, reachability.state]).toEqual([7, "unreachable"]);
});

it("sends one probe at a time, however many calls there are, until the server answers", async () => {
  let contact: Contact = "silence";
  const { reachability, prober, probe, lose } = probing(() => contact);
  lose();
  for (let second = 0; second < 40; second += 1) {
    prober.asked();
    prober.asked();
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect([probe.mock.calls.length, reachability.state]).toEqual([11, "unreachable"]);
  contact = "answer";
  await vi.advanceTimersByTimeAsync(5_000);
  expect([reachability.state, vi.getTimerCount()]).toEqual(["answering", 0]);
});

it("ends when there are no calls for long, and then knows nothing about the server", async () => {
  const { reachability, prober, probe, lose } = probing(() => "silence");
  lose();
  await vi.advanceTimersByTimeAsync(120_000);
  expect([reachability.state, vi.getTimerCount()]).toEqual(["answering", 0]);
  const before = probe.mock.calls.length;
  prober.asked();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(probe.mock.calls.length).toBe(before);
});
