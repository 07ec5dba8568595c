import type { StreamRequest } from "../../wasm/host/index.ts";

/** Which part of a request carries its key. */
type KeyPlace = "path" | "token" | "path-and-token";

/**
 * The request head of the evaluation. Only the key changes: `/KEY` in `:path`, `Bearer KEY` in `authorization`, or both. All
 * requests share one object, because the host copies a head before a filter changes it.
 */
export class RequestHead {
  readonly #path: [name: string, value: string] = [":path", "/"];
  readonly #authorization: [name: string, value: string] = ["authorization", "Bearer 0"];
  readonly #place: KeyPlace;
  readonly #paths: string[] = [];
  readonly #authorizations: string[] = [];
  readonly #request: StreamRequest = {
    headers: [
      [":method", "GET"],
      this.#path,
      [":authority", "api.example.com"],
      [":scheme", "https"],
      this.#authorization,
    ],
    endOfStream: true,
  };

  constructor(place: KeyPlace) {
    this.#place = place;
  }

  /** Valid until the next call. */
  of(key: number): StreamRequest {
    // Strings are cached: building one costs as much as a cache hit.
    if (this.#place !== "token") this.#path[1] = this.#paths[key] ??= `/${key}`;
    if (this.#place !== "path") this.#authorization[1] = this.#authorizations[key] ??= `Bearer ${key}`;
    return this.#request;
  }
}
