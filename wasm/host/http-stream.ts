import type { StreamContext } from "./contexts.ts";
import type { BodyOutcome, Decision, TrailersOutcome } from "./decision.ts";
import type { HeaderList } from "./header-table.ts";
import type { StreamLife } from "./stream-life.ts";

/**
 * One HTTP exchange on its way through a filter. The embedder passes the parts of each message in order (headers, body in
 * chunks, trailers); request and response may overlap. Every call returns its outcome at once, or a promise if the filter
 * pauses. Parts whose stage is off, or for which the filter exports no callback, pass unseen. No method throws or rejects
 * because of the guest; only an embedder that breaks the order gets an Error.
 *
 * `respond` and `failed` end a message. After `respond` to the request, the embedder may pass the local response itself
 * through the response stages, as Envoy does. It must always call `end`.
 */
export class HttpStream {
  readonly #life: StreamLife;
  readonly #stream: StreamContext;
  readonly #endOfStream: boolean;

  /** Use FilterInstance.openStream instead. */
  constructor(life: StreamLife, stream: StreamContext, endOfStream: boolean) {
    this.#life = life;
    this.#stream = stream;
    this.#endOfStream = endOfStream;
  }

  /** Outbound calls this stream started so far. */
  get calls(): number {
    return this.#stream.calls;
  }

  /**
   * Resolves when the filter no longer sees this stream: it was ended, or the filter failed or was closed. Parts passed
   * after that get the outcome `failed`.
   */
  get over(): Promise<void> {
    return this.#life.over(this.#stream);
  }

  /** Creates the stream in the guest and shows it the request headers given to `openStream`. */
  requestHeaders(): Decision | Promise<Decision> {
    return this.#life.requestHeaders(this.#stream, this.#endOfStream);
  }

  /**
   * A part of the request's body. While the headers are paused it is held back. With `bodyWhileHeadersPaused` it is shown at
   * once; then the body's outcome also contains the header changes.
   * @param chunk read before this returns; if forwarded unchanged, the outcome refers to it
   * @param endOfStream true for the last part, unless trailers follow; then the outcome is never `buffer`
   */
  requestBody(chunk: Uint8Array, endOfStream: boolean): BodyOutcome | Promise<BodyOutcome> {
    return this.#life.requestBody(this.#stream, chunk, endOfStream);
  }

  /** Ends the request. The outcome contains the part of the body that was held back. */
  requestTrailers(trailers: HeaderList): TrailersOutcome | Promise<TrailersOutcome> {
    return this.#life.requestTrailers(this.#stream, trailers);
  }

  /** @param headers `:status` first; the filter may change it. The list is not modified */
  responseHeaders(headers: HeaderList, endOfStream: boolean): Decision | Promise<Decision> {
    return this.#life.responseHeaders(this.#stream, headers, endOfStream);
  }

  /** See `requestBody`. */
  responseBody(chunk: Uint8Array, endOfStream: boolean): BodyOutcome | Promise<BodyOutcome> {
    return this.#life.responseBody(this.#stream, chunk, endOfStream);
  }

  responseTrailers(trailers: HeaderList): TrailersOutcome | Promise<TrailersOutcome> {
    return this.#life.responseTrailers(this.#stream, trailers);
  }

  /**
   * After `buffer`: the outcome if the filter resumes before the next chunk arrives (a client may wait for an answer to what
   * it has sent so far). Resolves to `buffer` if a chunk, trailers or the end comes first.
   */
  resumed(message: "request" | "response"): Promise<BodyOutcome> {
    return this.#life.resumed(this.#stream, message);
  }

  /**
   * Runs on_done, on_log and on_delete, waiting for `proxy_done` if the filter asks for it. Also call it if the client has
   * gone: everything still waiting becomes `failed` with reason `aborted`. Further calls do nothing.
   */
  end(): void {
    this.#life.end(this.#stream);
  }
}
