import { ServerCalls } from "./server-calls.ts";

/** When a server that answers no probe counts as unreachable. */
export const UNREACHABLE = {
  /** Failed probes in a row. One lost packet is an accident. */
  probes: 5,
  /**
   * Minimum silence, counted from the end of the last client's call. Calls of clients may keep a server busy for a while; a
   * server that is still silent after this time is not silent because of them.
   */
  silenceMs: 30_000,
  /**
   * The most that one probe adds to the silence: the longest possible time between the ends of two probes. Anything above
   * that comes from a clock that was set forward.
   */
  stepMs: 10_000,
} as const;

/**
 * Result of a call or a probe.
 * - `answer`: the server said something.
 * - `gateway_error`: 502, 503, 504 or one of Cloudflare's: a proxy in between reports that the server did not answer.
 * - `silence`: nothing.
 */
export type Contact = "answer" | "gateway_error" | "silence";

/**
 * - `answering`: calls are sent.
 * - `suspected`: a client's call got no answer; calls are sent, and a probe is due.
 * - `silent`: a probe got no answer either; no call is sent until a probe gets one.
 * - `failing`: probes have failed for long: earlier decisions may be reused (`staleIfErrorMs`).
 * - `unreachable`: probes have got no answer for long, without any client's call: requests may pass (`failOpen`).
 */
export const SERVER_STATES = ["answering", "suspected", "silent", "failing", "unreachable"] as const;
export type ServerState = (typeof SERVER_STATES)[number];

type Limits = Readonly<Record<keyof typeof UNREACHABLE, number>>;

/** Failed probes in a row. */
class Streak {
  probes = 0;
  readonly #stepMs: number;
  #sinceMs = 0;
  #untilMs = 0;
  #lengthMs = 0;

  constructor({ stepMs }: Pick<Limits, "stepMs">) {
    this.#stepMs = stepMs;
  }

  /** When the first probe of the streak was sent. */
  get sinceMs(): number {
    return this.#sinceMs;
  }

  add(startedMs: number, endedMs: number): void {
    // The clock was set back: earlier times are no longer comparable.
    if (startedMs < this.#untilMs || endedMs < startedMs) this.end();
    if (endedMs < startedMs) return;
    if (this.probes === 0) {
      this.#sinceMs = startedMs;
      this.#untilMs = startedMs;
      this.#lengthMs = 0;
    }
    this.probes += 1;
    this.#lengthMs += Math.min(endedMs - this.#untilMs, this.#stepMs);
    this.#untilMs = endedMs;
  }

  end(): void {
    this.probes = 0;
  }

  isLong({ probes, silenceMs }: Limits): boolean {
    return this.probes >= probes && this.#lengthMs >= silenceMs;
  }
}

/**
 * Whether an authorization server can be reached, as found out by probes that carry nothing from clients. `failOpen` and stale
 * answers depend on it, so clients must not be able to cause it: their calls only raise the suspicion, and end it when they
 * are answered.
 */
export class Reachability {
  readonly #gatewayErrorsAreSilence: boolean;
  readonly #limits: Limits;
  readonly #calls: ServerCalls;
  readonly #silence: Streak;
  readonly #failure: Streak;
  #suspectedMs: number | undefined;
  /** The last probe got no answer, so calls are held back. */
  #heldBack = false;
  /** Ends with an answer, but not with another service's call. */
  #unreachable = false;

  /**
   * @param gatewayErrorsAreSilence a balancer in front of the server answers 502-504 when the server is down
   * @param calls clients' calls to the server; services may share it
   */
  constructor(gatewayErrorsAreSilence = false, limits: Limits = UNREACHABLE, calls = new ServerCalls()) {
    this.#gatewayErrorsAreSilence = gatewayErrorsAreSilence;
    this.#limits = limits;
    this.#calls = calls;
    this.#silence = new Streak(limits);
    this.#failure = new Streak(limits);
  }

  /** Whether clients' calls are sent to the server. */
  get sendsCalls(): boolean {
    return !this.#heldBack;
  }

  /** Whether the server should be probed. */
  get isSuspected(): boolean {
    return this.#suspectedMs !== undefined;
  }

  /** When the first call without an answer ended, ms since 1970; undefined while the server answers. */
  get suspectedMs(): number | undefined {
    return this.#suspectedMs;
  }

  /** Probes that failed in a row. */
  get failedProbes(): number {
    return this.#failure.probes;
  }

  /** @param timeoutMs the call ends after this time at the latest */
  callStarted(nowMs: number, timeoutMs: number): void {
    this.#calls.started(nowMs, timeoutMs);
  }

  /** @param contact undefined if the call says nothing about the server */
  callEnded(contact: Contact | undefined, nowMs: number): void {
    this.#calls.ended(nowMs);
    if (contact === "answer") this.forget();
    else if (contact !== undefined) this.#suspectedMs ??= nowMs;
  }

  /** @param startedMs when the probe was sent */
  probeEnded(contact: Contact, startedMs: number, endedMs: number): void {
    // A client's call has been answered meanwhile.
    if (!this.isSuspected) return;
    if (contact === "answer") {
      this.forget();
      return;
    }
    this.#failure.add(startedMs, endedMs);
    this.#heldBack = contact === "silence" || this.#gatewayErrorsAreSilence;
    if (this.#heldBack) this.#addSilence(startedMs, endedMs);
    else this.#endSilence();
  }

  #addSilence(startedMs: number, endedMs: number): void {
    // Clients' calls may keep the server busy until then: only silence after that counts.
    const busyUntilMs = this.#calls.busyUntilMs(endedMs);
    if (this.#silence.sinceMs < busyUntilMs) this.#silence.end();
    if (startedMs >= busyUntilMs) this.#silence.add(startedMs, endedMs);
    this.#unreachable ||= this.#silence.isLong(this.#limits);
  }

  #endSilence(): void {
    this.#silence.end();
    this.#unreachable = false;
  }

  /** The server answered, or gets no more calls. */
  forget(): void {
    this.#suspectedMs = undefined;
    this.#heldBack = false;
    this.#endSilence();
    this.#failure.end();
  }

  get state(): ServerState {
    if (!this.isSuspected) return "answering";
    if (this.#unreachable) return "unreachable";
    if (this.#failure.isLong(this.#limits)) return "failing";
    return this.#heldBack ? "silent" : "suspected";
  }
}
