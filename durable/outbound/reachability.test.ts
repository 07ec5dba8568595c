import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Contact, Reachability, UNREACHABLE } from "./reachability.ts";

const { probes, silenceMs } = UNREACHABLE;

/** A server of which one call, ended at 0, got no answer. */
function suspected(behindBalancer = false): Reachability {
  const reachability = new Reachability(behindBalancer);
  reachability.callStarted();
  reachability.callEnded("silence", 0);
  return reachability;
}

/** Probes at equal distances, the first at `fromMs`, the last ending at `toMs`. */
function probe(reachability: Reachability, contact: Contact, count: number, fromMs: number, toMs: number): void {
  const stepMs = (toMs - fromMs) / count;
  for (let n = 0; n < count; n += 1) {
    reachability.probeEnded(contact, fromMs + n * stepMs, fromMs + (n + 1) * stepMs);
  }
}

describe("a server", () => {
  it("answers as long as no call says otherwise", () => {
    const reachability = new Reachability();
    probe(reachability, "silence", 100, 0, 1_000_000);
    expect([reachability.state, reachability.sendsCalls]).toEqual(["answering", true]);
  });

  it("is suspected after one call without an answer, and goes on getting calls", () => {
    const reachability = suspected();
    expect([reachability.state, reachability.sendsCalls, reachability.isSuspected]).toEqual(["suspected", true, true]);
  });

  it("gets no calls once a probe went without an answer", () => {
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

  it("answers again with the first answer, to a probe or to anybody", () => {
    for (const answer of [
      (reachability: Reachability) => reachability.probeEnded("answer", silenceMs, silenceMs),
      (reachability: Reachability) => {
        reachability.callStarted();
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

  it("is not unreachable while a client's call is under way, and the time counts from the end of the last one", () => {
    const reachability = suspected();
    reachability.callStarted();
    probe(reachability, "silence", probes, 0, silenceMs);
    expect(reachability.state).not.toBe("unreachable");
    reachability.callEnded("silence", silenceMs);
    probe(reachability, "silence", probes - 1, silenceMs, 2 * silenceMs - 1_000);
    expect(reachability.state).not.toBe("unreachable");
    probe(reachability, "silence", 1, 2 * silenceMs - 1_000, 2 * silenceMs);
    expect(reachability.state).toBe("unreachable");
  });

  it("that answers probes with 502 to 504 is failing and never unreachable, and goes on getting calls", () => {
    const reachability = suspected();
    probe(reachability, "gateway_error", 10 * probes, 0, 10 * silenceMs);
    expect([reachability.state, reachability.sendsCalls]).toEqual(["failing", true]);
  });

  it("whose balancer answers so when it is down is unreachable", () => {
    const reachability = suspected(true);
    probe(reachability, "gateway_error", probes, 0, silenceMs);
    expect([reachability.state, reachability.sendsCalls]).toEqual(["unreachable", false]);
  });

  it("of which a call tells nothing is not suspected for it", () => {
    const reachability = new Reachability();
    reachability.callStarted();
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
          reachability.callStarted();
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
});
