import { ACTION_CONTINUE, ACTION_STOP_ITERATION, DATA_ACTION_NO_BUFFER } from "./abi.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { GuestFunction } from "./callback-scope.ts";
import { messageCallback } from "./callbacks.ts";
import type { LocalResponse, StreamContext } from "./contexts.ts";
import type { BodyOutcome, Decision, Refusal, TrailersOutcome } from "./decision.ts";
import type { HeaderList } from "./header-table.ts";
import { HeaderTable } from "./header-table.ts";
import { accountHeld } from "./held-bodies.ts";
import { HOST_LIMITS } from "./host-limits.ts";
import type { Message } from "./message.ts";
import { refusalOf } from "./refusal.ts";
import type { Vm } from "./vm.ts";

type HeadersContinue = Extract<Decision, { kind: "continue" }>;
type BodyContinues = Extract<BodyOutcome, { kind: "continue" }>;
type TrailersContinue = Extract<TrailersOutcome, { kind: "continue" }>;

const NO_BYTES = new Uint8Array(0);
const BUFFER: BodyOutcome = { kind: "buffer" };
/** 413 and 500 as in Envoy. */
const REQUEST_TOO_LARGE = refusedBody(413, "Payload Too Large", "request_payload_too_large");
const RESPONSE_TOO_LARGE = refusedBody(500, "Internal Server Error", "response_payload_too_large");
const TOO_MUCH_HELD = refusedBody(503, "Service Unavailable", "too_much_body_held");

/**
 * Passes a message through the filter, part by part, as Envoy does. While the guest pauses, the body is kept here and shown
 * to it together with the next chunk; once it continues, everything kept is forwarded. Requests and responses are alike.
 */
export class MessagePassage {
  readonly #vm: Vm;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  headers(stream: StreamContext, message: Message, endOfStream: boolean): Decision | Promise<Decision> {
    const before = this.#refusal(stream, message);
    if (before !== undefined) return before;
    if (message.input !== "nothing") throw new Error(`the ${message.direction}'s headers were already passed`);
    message.input = endOfStream ? "ended" : "headers";

    const callback = this.#callback(stream, message, "headers");
    let action: number | undefined = ACTION_CONTINUE;
    if (callback !== undefined) {
      // A resume requested too early (in on_context_create, say) does not override a pause now.
      message.resumeRequested = false;
      action = this.#vm.call(stream, callback, stream.id, message.headers.count, endOfStream ? 1 : 0);
    }
    const refusal = this.#refusal(stream, message);
    if (refusal !== undefined) return refusal;
    if (goesOn(message, action)) return this.#letHeadersGo(stream, message);
    message.headersPaused = true;
    message.bodyWithheld = !(
      stream.options.bodyWhileHeadersPaused === true &&
      action === ACTION_STOP_ITERATION &&
      this.#callback(stream, message, "body") !== undefined
    );
    return new Promise((resolve) => {
      message.waitingForHeaders = resolve;
    });
  }

  body(
    stream: StreamContext,
    message: Message,
    chunk: Uint8Array,
    endOfStream: boolean,
  ): BodyOutcome | Promise<BodyOutcome> {
    const refusal = this.#next(stream, message, endOfStream ? "ended" : "body");
    if (refusal !== undefined) return refusal;
    message.bodyBytes += chunk.length;
    message.body ??= new BodyBuffer();
    const { body } = message;
    const limitBytes = bodyLimitBytes(stream);
    if (body.length > 0 && body.length + chunk.length > limitBytes) return this.#tooLarge(stream, message);
    body.append(chunk);

    let outcome = BUFFER;
    if (!message.bodyWithheld) outcome = this.#showBody(stream, message, chunk.length);
    else if (body.length > limitBytes) outcome = this.#tooLarge(stream, message);
    else body.own();
    accountHeld(this.#vm, message);
    if (outcome.kind !== "buffer") return outcome;
    if (this.#vm.heldBodyBytes > HOST_LIMITS.heldBodyBytes) return this.#tooMuchHeld(stream, message);
    if (endOfStream) {
      return new Promise((resolve) => {
        message.waitingForBody = resolve;
      });
    }
    return message.released === undefined ? BUFFER : { kind: "continue", body: message.takeReleased() };
  }

  trailers(stream: StreamContext, message: Message, trailers: HeaderList): TrailersOutcome | Promise<TrailersOutcome> {
    const refusal = this.#next(stream, message, "ended");
    if (refusal !== undefined) return refusal;
    message.trailers = new HeaderTable(trailers);
    const outcome = message.bodyWithheld ? undefined : this.#showTrailers(stream, message, message.trailers);
    if (outcome !== undefined) return outcome;
    return new Promise((resolve) => {
      message.waitingForTrailers = resolve;
    });
  }

  /** The outcome if the guest resumes before the next part is passed. */
  resumed(stream: StreamContext, message: Message): Promise<BodyOutcome> {
    message.answerResumed(BUFFER);
    const refusal = this.#refusal(stream, message);
    if (refusal !== undefined) return Promise.resolve(refusal);
    if (message.released !== undefined) return Promise.resolve({ kind: "continue", body: message.takeReleased() });
    if (!message.paused) return Promise.resolve(BUFFER);
    return new Promise((resolve) => {
      message.waitingForResume = resolve;
    });
  }

  /** Carries out what the guest requested for a message outside the message's own callbacks. */
  settle(stream: StreamContext, message: Message): void {
    this.#settle(stream, message);
    accountHeld(this.#vm, message);
  }

  #settle(stream: StreamContext, message: Message): void {
    const { awaited, paused, resumeRequested } = message;
    message.resumeRequested = false;
    const refusal = refusalOf(this.#vm, stream, message);
    if (refusal === undefined) {
      if (paused && resumeRequested) this.#resume(stream, message);
    } else if (awaited) {
      // If nothing waits, the refusal is the outcome of the next part.
      this.refuse(stream, refusal);
    }
  }

  /** Drops everything held of a stream that is over. */
  release({ request, response }: StreamContext): void {
    for (const message of [request, response]) {
      if (message === undefined) continue;
      message.body = message.released = undefined;
      accountHeld(this.#vm, message);
    }
  }

  /** Resolves everything that waits on the stream with `refusal`; its messages are not forwarded any further. */
  refuse(stream: StreamContext, refusal: Refusal): void {
    if (refusal.kind === "respond") stream.localResponseTaken = true;
    for (const message of [stream.request, stream.response]) {
      if (message === undefined) continue;
      message.refuse(refusal);
      accountHeld(this.#vm, message);
    }
  }

  #refusal(stream: StreamContext, message: Message): Refusal | undefined {
    const refusal = refusalOf(this.#vm, stream, message);
    if (refusal !== undefined && !message.refused) this.refuse(stream, refusal);
    return refusal;
  }

  /** Must be called first for every later part of a message. */
  #next(stream: StreamContext, message: Message, input: "body" | "ended"): Refusal | undefined {
    message.answerResumed(BUFFER);
    const refusal = this.#refusal(stream, message);
    if (refusal !== undefined) return refusal;
    if (message.input === "nothing") throw new Error(`the ${message.direction}'s headers were not passed yet`);
    if (message.input === "ended") throw new Error(`the ${message.direction} has ended`);
    message.input = input;
    return undefined;
  }

  /** Shows the guest the body received so far. `buffer`: the guest pauses. */
  #showBody(stream: StreamContext, message: Message, newBytes: number): BodyOutcome {
    const callback = this.#callback(stream, message, "body");
    const body = message.body!;
    const keptBytes = body.length - newBytes;
    let action: number | undefined = ACTION_CONTINUE;
    if (callback !== undefined) {
      message.bodyShown = true;
      const ended = message.input === "ended" && message.trailers === undefined;
      action = this.#vm.call(stream, callback, stream.id, body.length, ended ? 1 : 0);
    }
    const refusal = this.#refusal(stream, message);
    if (refusal !== undefined) return refusal;
    if (goesOn(message, action)) return this.#letGo(stream, message);
    message.bodyPaused = true;
    if (action === DATA_ACTION_NO_BUFFER) body.truncate(keptBytes);
    if (body.length > bodyLimitBytes(stream)) return this.#tooLarge(stream, message);
    body.own();
    return BUFFER;
  }

  /** Undefined: the guest pauses. */
  #showTrailers(stream: StreamContext, message: Message, trailers: HeaderTable): TrailersOutcome | undefined {
    const callback = this.#callback(stream, message, "trailers");
    let action: number | undefined = ACTION_CONTINUE;
    if (callback !== undefined) action = this.#vm.call(stream, callback, stream.id, trailers.count);
    const refusal = this.#refusal(stream, message);
    if (refusal !== undefined) return refusal;
    if (goesOn(message, action)) return this.#letTrailersGo(stream, message, trailers);
    message.bodyPaused = true;
    return undefined;
  }

  #resume(stream: StreamContext, message: Message): void {
    if (message.bodyPaused) {
      const { trailers, waitingForTrailers } = message;
      if (trailers !== undefined && waitingForTrailers !== undefined) {
        message.waitingForTrailers = undefined;
        waitingForTrailers(this.#letTrailersGo(stream, message, trailers));
      } else {
        message.passOn(this.#letGo(stream, message));
      }
      return;
    }
    this.#letHeadersGo(stream, message);
    this.#showWithheld(stream, message);
  }

  /** Shows what arrived while the headers were paused, as soon as they are forwarded. */
  #showWithheld(stream: StreamContext, message: Message): void {
    const { body, trailers, waitingForBody, waitingForTrailers } = message;
    if (body !== undefined && (body.length > 0 || waitingForBody !== undefined)) {
      const outcome = this.#showBody(stream, message, body.length);
      if (outcome.kind === "continue") message.passOn(outcome);
    }
    // Already resolved if the body was refused.
    if (trailers === undefined || waitingForTrailers === undefined || message.waitingForTrailers === undefined) return;
    const outcome = this.#showTrailers(stream, message, trailers);
    if (outcome === undefined || outcome.kind !== "continue") return;
    message.waitingForTrailers = undefined;
    waitingForTrailers(outcome);
  }

  #letHeadersGo(stream: StreamContext, message: Message): HeadersContinue {
    const passed: HeadersContinue = {
      kind: "continue",
      changes: message.headers.changes(),
      properties: stream.properties,
      calls: stream.calls,
      paused: message.headersPaused,
    };
    const decision: HeadersContinue = this.#vm.isUnserved(stream) ? { ...passed, unserved: true } : passed;
    message.headersGone = true;
    message.headersPaused = false;
    message.bodyWithheld = false;
    const { waitingForHeaders } = message;
    message.waitingForHeaders = undefined;
    waitingForHeaders?.(decision);
    return decision;
  }

  /** Forwards everything kept, including headers that were held back. */
  #letGo(stream: StreamContext, message: Message): BodyContinues {
    const body = joined(message.takeReleased(), message.body?.take() ?? NO_BYTES);
    message.bodyPaused = false;
    message.bodyShown = false;
    if (!message.headersPaused) return { kind: "continue", body };
    return { kind: "continue", body, headerChanges: this.#letHeadersGo(stream, message).changes };
  }

  #letTrailersGo(stream: StreamContext, message: Message, trailers: HeaderTable): TrailersContinue {
    message.trailersGone = true;
    return { ...this.#letGo(stream, message), changes: trailers.changes() };
  }

  #callback(stream: StreamContext, message: Message, part: "headers" | "body" | "trailers"): GuestFunction | undefined {
    return messageCallback(this.#vm.callbacks, stream.options.stages, message.direction, part);
  }

  /** As in Envoy: 413 or 500 while a response can still be sent, else the message breaks off. */
  #tooLarge(stream: StreamContext, message: Message): Refusal {
    const problem = `the filter held back more than ${bodyLimitBytes(stream)} bytes of a ${message.direction}'s body`;
    return this.#refuseBody(
      stream,
      message,
      problem,
      message.direction === "request" ? REQUEST_TOO_LARGE : RESPONSE_TOO_LARGE,
    );
  }

  #tooMuchHeld(stream: StreamContext, message: Message): Refusal {
    const problem = `the filter holds back more than ${HOST_LIMITS.heldBodyBytes} bytes of bodies`;
    return this.#refuseBody(stream, message, problem, TOO_MUCH_HELD);
  }

  #refuseBody(stream: StreamContext, message: Message, problem: string, response: LocalResponse): Refusal {
    this.#vm.services.log("warn", problem);
    if (stream.localResponse === undefined && stream.response?.headersGone !== true) {
      stream.localResponse = response;
    } else {
      stream.failure = { reason: "body_too_large", message: problem };
    }
    return this.#refusal(stream, message)!;
  }
}

/** True if the guest continues, or requested that during the callback although it then returned a pause. */
function goesOn(message: Message, action: number | undefined): boolean {
  const { resumeRequested } = message;
  message.resumeRequested = false;
  return action === ACTION_CONTINUE || resumeRequested;
}

export function bodyLimitBytes(stream: StreamContext): number {
  return Math.min(stream.options.bodyLimitBytes ?? HOST_LIMITS.bodyBytes, HOST_LIMITS.maximumBodyBytes);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  if (second.length === 0) return first;
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}

function refusedBody(status: number, text: string, details: string): LocalResponse {
  return { status, headers: [["content-type", "text/plain"]], body: new TextEncoder().encode(text), details };
}
