import type { BodyBuffer } from "./body-buffer.ts";
import type { BodyOutcome, Decision, Refusal, TrailersOutcome } from "./decision.ts";
import type { HeaderList } from "./header-list.ts";
import { HeaderTable } from "./header-table.ts";

const NO_BYTES = new Uint8Array(0);

/** How far the embedder has handed a message in. */
type MessageInput = "nothing" | "headers" | "body" | "ended";

/**
 * One HTTP message, the request or the response of a stream, on its way through the filter. The filter holds it back in
 * one of two ways: `headersPaused` (nothing has gone on yet) and `bodyPaused` (it was shown some of the body or the
 * trailers and keeps what is in `body`).
 */
export class Message {
  readonly direction: "request" | "response";
  readonly headers: HeaderTable;
  trailers: HeaderTable | undefined;
  /** Made with the first chunk: most messages pass a filter by their headers alone. */
  body: BodyBuffer | undefined;

  input: MessageInput = "nothing";
  headersPaused = false;
  /** While the headers are paused: the body waits unseen as well. */
  bodyWithheld = false;
  bodyPaused = false;
  /** The headers have gone on: nobody would see a change any more. */
  headersGone = false;
  trailersGone = false;
  /** It was answered by a refusal: the rest of it has nobody to decide on it. */
  refused = false;
  /** The guest may read and write `body`: during its callback, and while it is paused there. */
  bodyShown = false;
  /** Noted by the guest, done when it has returned. */
  resumeRequested = false;
  /** Bytes of the body handed in so far. */
  bodyBytes = 0;
  /** Bytes of the body that count as held by the filter, see held-bodies.ts. */
  heldBytes = 0;

  /** What the guest let go while the embedder had no call under way that could take it. */
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

  /** True if somebody waits for an answer. */
  get awaited(): boolean {
    return (
      this.waitingForHeaders !== undefined ||
      this.waitingForBody !== undefined ||
      this.waitingForTrailers !== undefined ||
      this.waitingForResume !== undefined
    );
  }

  /** Answers by what the guest let go of the body; keeps it for the next call where nobody waits. */
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

  /** Answers all who wait; what was kept goes nowhere. */
  refuse(refusal: Refusal): void {
    const waiting = [this.waitingForHeaders, this.waitingForBody, this.waitingForTrailers, this.waitingForResume];
    this.waitingForHeaders = this.waitingForBody = this.waitingForTrailers = this.waitingForResume = undefined;
    this.refused = true;
    this.headersPaused = this.bodyPaused = this.bodyWithheld = this.bodyShown = false;
    this.body = this.released = undefined;
    for (const answer of waiting) answer?.(refusal);
  }
}
