import type { BodyBuffer } from "./body-buffer.ts";
import type { BodyOutcome, Decision, Refusal, TrailersOutcome } from "./decision.ts";
import type { HeaderList } from "./header-table.ts";
import { HeaderTable } from "./header-table.ts";

const NO_BYTES = new Uint8Array(0);

/** Which part of a message the embedder passed last. */
type MessageInput = "nothing" | "headers" | "body" | "ended";

/**
 * One HTTP message, the request or response of a stream, on its way through the filter. The filter can hold it back in two
 * ways: `headersPaused` (nothing was forwarded yet) and `bodyPaused` (the filter saw some of the body or the trailers and
 * keeps the bytes in `body`).
 */
export class Message {
  readonly direction: "request" | "response";
  readonly headers: HeaderTable;
  trailers: HeaderTable | undefined;
  /** Created with the first chunk: filters see only the headers of most messages. */
  body: BodyBuffer | undefined;

  input: MessageInput = "nothing";
  headersPaused = false;
  /** While the headers are paused: the body waits unseen too. */
  bodyWithheld = false;
  bodyPaused = false;
  /** The headers were forwarded: changes would have no effect. */
  headersGone = false;
  trailersGone = false;
  /** The message was refused: the rest of it is not processed. */
  refused = false;
  /** The guest may read and write `body`: during its callback, and while it is paused there. */
  bodyShown = false;
  /** Set by the guest; takes effect when it has returned. */
  resumeRequested = false;
  /** Bytes of the body received so far. */
  bodyBytes = 0;
  /** Bytes of the body counted as held by the filter, see held-bodies.ts. */
  heldBytes = 0;

  /** Bytes the guest released while no call of the embedder was waiting for them. */
  released: Uint8Array | undefined;
  waitingForHeaders: ((decision: Decision) => void) | undefined;
  waitingForBody: ((outcome: BodyOutcome) => void) | undefined;
  waitingForTrailers: ((outcome: TrailersOutcome) => void) | undefined;
  waitingForResume: ((outcome: BodyOutcome) => void) | undefined;

  constructor(direction: "request" | "response", headers: HeaderList) {
    this.direction = direction;
    this.headers = new HeaderTable(headers);
  }

  get paused(): boolean {
    return this.headersPaused || this.bodyPaused;
  }

  /** True if the embedder waits for an outcome. */
  get awaited(): boolean {
    return (
      this.waitingForHeaders !== undefined ||
      this.waitingForBody !== undefined ||
      this.waitingForTrailers !== undefined ||
      this.waitingForResume !== undefined
    );
  }

  /** Returns the bytes released by the guest to the waiting call, or keeps them for the next one. */
  passOn(outcome: Extract<BodyOutcome, { kind: "continue" }>): void {
    const { waitingForBody } = this;
    if (waitingForBody !== undefined) {
      this.waitingForBody = undefined;
      waitingForBody(outcome);
    } else if (this.waitingForResume !== undefined) {
      this.answerResumed(outcome);
    } else if (outcome.body.length > 0) {
      this.released = outcome.body;
    }
  }

  answerResumed(outcome: BodyOutcome): void {
    const { waitingForResume } = this;
    this.waitingForResume = undefined;
    waitingForResume?.(outcome);
  }

  takeReleased(): Uint8Array {
    const released = this.released ?? NO_BYTES;
    this.released = undefined;
    return released;
  }

  /** Resolves all waiting calls with `refusal` and drops the kept bytes. */
  refuse(refusal: Refusal): void {
    const waiting = [this.waitingForHeaders, this.waitingForBody, this.waitingForTrailers, this.waitingForResume];
    this.waitingForHeaders = this.waitingForBody = this.waitingForTrailers = this.waitingForResume = undefined;
    this.refused = true;
    this.headersPaused = this.bodyPaused = this.bodyWithheld = this.bodyShown = false;
    this.body = this.released = undefined;
    for (const answer of waiting) answer?.(refusal);
  }
}
