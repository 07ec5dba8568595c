import { ACTION_CONTINUE, ACTION_STOP_ITERATION, DATA_ACTION_NO_BUFFER } from "./abi.ts";
import { BodyBuffer } from "./body-buffer.ts";
import type { GuestFunction } from "./callback-scope.ts";
import { messageCallback } from "./callbacks.ts";
import type { LocalResponse, StreamContext } from "./contexts.ts";
import type { BodyOutcome, Decision, Refusal, TrailersOutcome } from "./decision.ts";
import type { HeaderList } from "./header-list.ts";
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
/** As Envoy answers them. */
const REQUEST_TOO_LARGE = refusedBody(413, "Payload Too Large", "request_payload_too_large");
const RESPONSE_TOO_LARGE = refusedBody(500, "Internal Server Error", "response_payload_too_large");
const TOO_MUCH_HELD = refusedBody(503, "Service Unavailable", "too_much_body_held");

/**
 * How a message passes the filter, part by part, as Envoy lets it: what the guest pauses is kept here and shown to it as
 * one with what follows; what it lets go goes on with all that was kept before. The same for requests and responses.
 */
export class MessagePassage {
  readonly #vm: Vm;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  headers(stream: StreamContext, message: Message, endOfStream: boolean): Decision | Promise<Decision> {
    const before = this.#refusal(stream, message);
    if (before !== undefined) return before;
    if (message.input !== "nothing") throw new Error(`the ${message.direction}'s headers were handed in before`);
    message.input = endOfStream ? "ended" : "headers";

    const callback = this.#callback(stream, message, "headers");
    let action: number | undefined = ACTION_CONTINUE;
    if (callback !== undefined) {
      // Asked for before there was anything to resume (from on_context_create, say), it does not outweigh a pause now.
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

  /** What the guest lets go before the next part is handed in. */
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

  /** Does what the guest asked of a message between its callbacks. */
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
      // Where nobody waits it is kept for the next part that is handed in.
      this.refuse(stream, refusal);
    }
  }

  /** Lets go of everything that is held of a stream that is over. */
  release({ request, response }: StreamContext): void {
    for (const message of [request, response]) {
      if (message === undefined) continue;
      message.body = message.released = undefined;
      accountHeld(this.#vm, message);
    }
  }

  /** Answers whatever waits on the stream by `refusal`; nothing of its messages goes on any more. */
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

  /** To be asked before the next part of a message is looked at. */
  #next(stream: StreamContext, message: Message, input: "body" | "ended"): Refusal | undefined {
    message.answerResumed(BUFFER);
    const refusal = this.#refusal(stream, message);
    if (refusal !== undefined) return refusal;
    if (message.input === "nothing") throw new Error(`the ${message.direction}'s headers were not handed in yet`);
    if (message.input === "ended") throw new Error(`the ${message.direction} has ended`);
    message.input = input;
    return undefined;
  }

  /** Shows all of the body that is here. `buffer`: the guest keeps it. */
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

  /** What came while the headers were paused is shown as soon as they have gone on. */
  #showWithheld(stream: StreamContext, message: Message): void {
    const { body, trailers, waitingForBody, waitingForTrailers } = message;
    if (body !== undefined && (body.length > 0 || waitingForBody !== undefined)) {
      const outcome = this.#showBody(stream, message, body.length);
      if (outcome.kind === "continue") message.passOn(outcome);
    }
    // Answered meanwhile if the body was refused.
    if (trailers === undefined || waitingForTrailers === undefined || message.waitingForTrailers === undefined) return;
    const outcome = this.#showTrailers(stream, message, trailers);
    if (outcome === undefined || outcome.kind !== "continue") return;
    message.waitingForTrailers = undefined;
    waitingForTrailers(outcome);
  }

  #letHeadersGo(stream: StreamContext, message: Message): HeadersContinue {
    const decision: HeadersContinue = {
      kind: "continue",
      changes: message.headers.changes(),
      calls: stream.calls,
      paused: message.headersPaused,
    };
    message.headersGone = true;
    message.headersPaused = false;
    message.bodyWithheld = false;
    const { waitingForHeaders } = message;
    message.waitingForHeaders = undefined;
    waitingForHeaders?.(decision);
    return decision;
  }

  /** All that is kept goes on, headers that were held back included. */
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

  /** As Envoy: 413 or 500 while that can still be said, else the message breaks off. */
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

/** True if the guest lets the message go on; also if it asked for that before it returned that it pauses. */
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
