import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Contact, Reachability, UNREACHABLE } from "./reachability.ts";
import { ServerCalls } from "./server-calls.ts";

const { probes, silenceMs } = UNREACHABLE;
const TIMEOUT_MS = 1_000;

/** A server after one call that ended at 0 without an answer. */
function suspected(behindBalancer = false, calls = new ServerCalls()): Reachability {
  const reachability = new Reachability(behindBalancer, UNREACHABLE, calls);
  reachability.callStarted(0, TIMEOUT_MS);
  reachability.callEnded("silence", 0);
  return reachability;
}

/** Probes at equal intervals; the first starts at `fromMs`, the last ends at `toMs`. */
function probe(reachability: Reachability, contact: Contact, count: number, fromMs: number, toMs: number): void {
  const stepMs = (toMs - fromMs) / count;
  for (let n = 0; n < count; n += 1) {
    reachability.probeEnded(contact, fromMs + n * stepMs, fromMs + (n + 1) * stepMs);
  }
}

describe("a server", () => {
  it("counts as answering until a call shows otherwise", () => {
    const reachability = new Reachability();
    probe(reachability, "silence", 100, 0, 1_000_000);
    expect([reachability.state, reachability.sendsCalls]).toEqual(["answering", true]);
  });

  it("is suspected after one call without an answer, and still gets calls", () => {
    const reachability = suspected();
    expect([reachability.state, reachability.sendsCalls, reachability.isSuspected]).toEqual(["suspected", true, true]);
  });

  it("gets no calls after a probe without an answer", () => {
    const reachability = suspected();
    probe(reachability, "silence", 1, 0, 2_000);
    expect([reachability.state, reachability.sendsCalls]).toEqual(["silent", false]);
  });

  it("is unreachable after enough silent probes over enough time, and not before", () => {
    const few = suspected();
    probe(few, "silence", probes - 1, 0, 10 * silenceMs);
    expect(few.state).toBe("silent");
    const brief = suspected();
    probe(brief, "silence", 100 * probes, 0, silenceMs - 1);
    expect(brief.state).toBe("silent");
    const long = suspected();
    probe(long, "silence", probes, 0, silenceMs);
    expect(long.state).toBe("unreachable");
  });

  it("counts as answering again with the first answer to a probe or a client", () => {
    for (const answer of [
      (reachability: Reachability) => reachability.probeEnded("answer", silenceMs, silenceMs),
      (reachability: Reachability) => {
        reachability.callStarted(silenceMs, TIMEOUT_MS);
        reachability.callEnded("answer", silenceMs);
      },
    ]) {
      const reachability = suspected();
      probe(reachability, "silence", probes, 0, silenceMs);
      answer(reachability);
      expect([reachability.state, reachability.sendsCalls, reachability.isSuspected]).toEqual([
        "answering",
        true,
        false,
      ]);
    }
  });

  it("is not unreachable while a client's call is in progress; the time counts from the end of the last one", () => {
    const reachability = suspected();
    reachability.callStarted(0, 2 * silenceMs);
    probe(reachability, "silence", probes, 0, silenceMs);
    expect(reachability.state).not.toBe("unreachable");
    reachability.callEnded("silence", silenceMs);
    probe(reachability, "silence", probes - 1, silenceMs, 2 * silenceMs - 1_000);
    expect(reachability.state).not.toBe("unreachable");
    probe(reachability, "silence", 1, 2 * silenceMs - 1_000, 2 * silenceMs);
    expect(reachability.state).toBe("unreachable");
  });

  it("that answers probes with 502 to 504 is failing, never unreachable, and still gets calls", () => {
    const reachability = suspected();
    probe(reachability, "gateway_error", 10 * probes, 0, 10 * silenceMs);
    expect([reachability.state, reachability.sendsCalls]).toEqual(["failing", true]);
  });

  it("behind a balancer that answers 502 to 504 is unreachable", () => {
    const reachability = suspected(true);
    probe(reachability, "gateway_error", probes, 0, silenceMs);
    expect([reachability.state, reachability.sendsCalls]).toEqual(["unreachable", false]);
  });

  it("is not suspected after a call that says nothing about it", () => {
    const reachability = new Reachability();
    reachability.callStarted(0, TIMEOUT_MS);
    reachability.callEnded(undefined, 0);
    expect(reachability.state).toBe("answering");
  });

  it("that answers every probe is never held back, whatever clients do", () => {
    const calls = fc.array(
      fc.record({
        contact: fc.constantFrom<Contact | undefined>("silence", "gateway_error", undefined),
        tookMs: fc.nat(60_000),
      }),
    );
    fc.assert(
      fc.property(calls, (all) => {
        const reachability = new Reachability(true);
        let nowMs = 0;
        for (const { contact, tookMs } of all) {
          reachability.callStarted(nowMs, 60_000);
          nowMs += tookMs;
          reachability.callEnded(contact, nowMs);
          expect(["answering", "suspected"]).toContain(reachability.state);
          expect(reachability.sendsCalls).toBe(true);
          if (reachability.isSuspected) reachability.probeEnded("answer", nowMs, nowMs + 1);
        }
        expect(reachability.state).toBe("answering");
      }),
    );
  });

  it("shows since when it has been suspected", () => {
    const reachability = suspected();
    reachability.callStarted(500, TIMEOUT_MS);
    reachability.callEnded("silence", 700);
    expect(reachability.suspectedMs).toBe(0);
    reachability.probeEnded("answer", 700, 701);
    expect(reachability.suspectedMs).toBeUndefined();
  });
});

describe("a clock that is set", () => {
  it("forward does not turn a short silence into a long one", () => {
    const reachability = suspected();
    probe(reachability, "silence", probes, 0, 1_000);
    probe(reachability, "silence", 1, 10 * silenceMs, 10 * silenceMs + 100);
    expect(reachability.state).toBe("silent");
    probe(reachability, "gateway_error", 1, 20 * silenceMs, 20 * silenceMs + 100);
    expect(reachability.state).toBe("suspected");
  });

  it("forward during a probe does not either", () => {
    const reachability = suspected();
    probe(reachability, "silence", probes, 0, 1_000);
    reachability.probeEnded("silence", 1_100, 100 * silenceMs);
    expect(reachability.state).toBe("silent");
  });

  it("back restarts the count of the silence, and delays no more than that", () => {
    const hourMs = 3_600_000;
    const reachability = new Reachability();
    reachability.callStarted(hourMs, TIMEOUT_MS);
    reachability.callEnded("silence", hourMs);
    probe(reachability, "silence", probes, hourMs, hourMs + silenceMs - 1);
    probe(reachability, "silence", probes, 0, silenceMs - 1);
    expect(reachability.state).toBe("silent");
    probe(reachability, "silence", probes, silenceMs, 2 * silenceMs + TIMEOUT_MS);
    expect(reachability.state).toBe("unreachable");
  });

  it("back during a probe restarts the count, too", () => {
    const hourMs = 3_600_000;
    const reachability = suspected();
    probe(reachability, "silence", probes, hourMs, hourMs + silenceMs - 1);
    reachability.probeEnded("silence", hourMs + silenceMs, 0);
    probe(reachability, "silence", probes, 1, silenceMs - 1);
    expect(reachability.state).toBe("silent");
  });
});

describe("a server that several services share", () => {
  it("is not unreachable while clients of another service keep it busy, nor before a long silence after that", () => {
    const calls = new ServerCalls();
    const reachability = suspected(false, calls);
    probe(reachability, "silence", 3 * probes, 0, silenceMs / 2);
    calls.started(silenceMs / 2, TIMEOUT_MS);
    calls.ended(silenceMs / 2 + 10);
    probe(reachability, "silence", 7 * probes, silenceMs / 2, 1.4 * silenceMs);
    expect(reachability.state).not.toBe("unreachable");
    probe(reachability, "silence", probes, 1.4 * silenceMs, 1.6 * silenceMs);
    expect(reachability.state).toBe("unreachable");
  });

  it("stays unreachable until it answers, whatever else is sent to it", () => {
    const calls = new ServerCalls();
    const reachability = suspected(false, calls);
    probe(reachability, "silence", probes, 0, silenceMs);
    calls.started(silenceMs, TIMEOUT_MS);
    probe(reachability, "silence", 1, silenceMs, silenceMs + 10);
    expect(reachability.state).toBe("unreachable");
    probe(reachability, "answer", 1, silenceMs + 20, silenceMs + 30);
    expect(reachability.state).toBe("answering");
  });

  it("treats a call whose object was reset as over at its deadline", () => {
    const calls = new ServerCalls();
    calls.started(0, TIMEOUT_MS);
    expect(calls.busyUntilMs(0)).toBe(TIMEOUT_MS);
    calls.started(100, TIMEOUT_MS);
    calls.ended(200);
    expect(calls.busyUntilMs(200)).toBe(100 + TIMEOUT_MS);
  });

  it("is not busy for longer because the clock was set back", () => {
    const calls = new ServerCalls();
    calls.started(1_000_000, TIMEOUT_MS);
    expect(calls.busyUntilMs(0)).toBe(TIMEOUT_MS);
    expect(calls.busyUntilMs(900)).toBe(TIMEOUT_MS);
  });
});

it("whatever clients send and probes get, a server is unreachable only after a long silence since the last call", () => {
  const step = fc.record({
    kind: fc.constantFrom("call", "probe", "foreign"),
    contact: fc.constantFrom<Contact>("silence", "gateway_error", "answer"),
    waitMs: fc.nat(8_000),
    tookMs: fc.nat(8_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.boolean(), (steps, behindBalancer) => {
      const calls = new ServerCalls();
      const reachability = new Reachability(behindBalancer, UNREACHABLE, calls);
      let nowMs = 0;
      let silentSinceMs = Number.POSITIVE_INFINITY;
      let silentProbes = 0;
      let opened = false;
      for (const { kind, contact, waitMs, tookMs } of steps) {
        nowMs += waitMs;
        const startedMs = nowMs;
        nowMs += tookMs;
        const isSilence = contact === "silence" || (behindBalancer && contact === "gateway_error");
        if (kind === "probe") {
          if (!reachability.isSuspected) continue;
          reachability.probeEnded(contact, startedMs, nowMs);
          if (isSilence) {
            silentSinceMs = Math.min(silentSinceMs, startedMs);
            silentProbes += 1;
          }
        } else if (kind === "call" && reachability.sendsCalls) {
          reachability.callStarted(startedMs, 8_000);
          reachability.callEnded(contact, nowMs);
        } else {
          calls.started(startedMs, 8_000);
          calls.ended(nowMs);
        }
        if (kind !== "probe" || !isSilence) {
          silentSinceMs = Number.POSITIVE_INFINITY;
          silentProbes = 0;
        }
        const isUnreachable = reachability.state === "unreachable";
        if (isUnreachable && !opened) {
          expect(silentProbes).toBeGreaterThanOrEqual(probes);
          expect(nowMs - silentSinceMs).toBeGreaterThanOrEqual(silenceMs);
        }
        opened = isUnreachable;
      }
    }),
    { numRuns: 2_000 },
  );
});
