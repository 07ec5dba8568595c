import type { StreamContext } from "./contexts.ts";
import type { BodyOutcome, Decision, TrailersOutcome } from "./decision.ts";
import type { HeaderList } from "./header-list.ts";
import type { StreamLife } from "./stream-life.ts";

/**
 * One HTTP exchange on its way through a filter. The embedder hands in each message in order (headers, body in chunks,
 * trailers), the request's before, while or after the response's. Every call answers at once, or by a promise if the
 * filter keeps it waiting; parts whose stage is off, or that the filter exports no callback for, pass unseen. Nothing
 * throws or rejects for what the guest does; only an embedder that breaks the order gets an Error.
 *
 * `respond` and `failed` end a message. After `respond` to the request the embedder may put the local response itself
 * through the response stages, as Envoy does; `end` it must call in every case.
 */
export class HttpStream {
  readonly #life: StreamLife;
  readonly #stream: StreamContext;
  readonly #endOfStream: boolean;

  /** By FilterInstance.openStream. */
  constructor(life: StreamLife, stream: StreamContext, endOfStream: boolean) {
    this.#life = life;
    this.#stream = stream;
    this.#endOfStream = endOfStream;
  }

  /** Outbound calls this stream itself started so far. */
  get calls(): number {
    return this.#stream.calls;
  }

  /**
   * Settles when the filter is shown nothing of this stream any more: it was ended, or the filter failed or was closed.
   * Whatever is handed in from then on is answered as `failed`.
   */
  get over(): Promise<void> {
    return this.#life.over(this.#stream);
  }

  /** Creates the stream in the guest and shows it the request's headers, those given to `openStream`. */
  requestHeaders(): Decision | Promise<Decision> {
    return this.#life.requestHeaders(this.#stream, this.#endOfStream);
  }

  /**
   * A part of the request's body. While the headers are paused it is held back, or shown at once with the option
   * `bodyWhileHeadersPaused`; then the body's outcome tells the changes of the headers too.
   * @param chunk read before this returns or, if it goes on as it is, lent to the outcome
   * @param endOfStream true for the last part, unless trailers follow; then the answer is never `buffer`
   */
  requestBody(chunk: Uint8Array, endOfStream: boolean): BodyOutcome | Promise<BodyOutcome> {
    return this.#life.requestBody(this.#stream, chunk, endOfStream);
  }

  /** Ends the request; what was held back of the body is in the outcome. */
  requestTrailers(trailers: HeaderList): TrailersOutcome | Promise<TrailersOutcome> {
    return this.#life.requestTrailers(this.#stream, trailers);
  }

  /** @param headers `:status` first; the filter may change it. Not changed */
  responseHeaders(headers: HeaderList, endOfStream: boolean): Decision | Promise<Decision> {
    return this.#life.responseHeaders(this.#stream, headers, endOfStream);
  }

  /** As `requestBody`. */
  responseBody(chunk: Uint8Array, endOfStream: boolean): BodyOutcome | Promise<BodyOutcome> {
    return this.#life.responseBody(this.#stream, chunk, endOfStream);
  }

  responseTrailers(trailers: HeaderList): TrailersOutcome | Promise<TrailersOutcome> {
    return this.#life.responseTrailers(this.#stream, trailers);
  }

  /**
   * After `buffer`: what goes on when the filter resumes before the next chunk is there (a client may wait for an answer
   * to what it has sent so far). Settled with `buffer` once a chunk, trailers or the end come first.
   */
  resumed(message: "request" | "response"): Promise<BodyOutcome> {
    return this.#life.resumed(this.#stream, message);
  }

  /**
   * on_done, (waiting for `proxy_done`,) on_log and on_delete. Also where the client has gone: what still waits is then
   * decided as `failed` with reason `aborted`. Further calls do nothing.
   */
  end(): void {
    this.#life.end(this.#stream);
  }
}
