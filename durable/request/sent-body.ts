import { sentBodyOf } from "../../config/decision-key.ts";
import { BODY_DIGEST_HEADER } from "../../config/header-names.ts";
import type { Service } from "../../config/index.ts";
import type { OutboundCall } from "../../wasm/host/index.ts";
import type { DecideRequest, LocalResponse, Unavailable } from "../rpc.ts";

/** The first bytes of a request's body, for a check that sees them (`requestBody`). */
export interface SentBody {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly name: string;
}

/** The attribute with a request's body. Filters cannot name a symbol, so none can read it. */
export const BODY_ATTRIBUTE = Symbol("body");

/** The body of the request that caused a call; undefined if no check sees it. */
export function bodyOfCall({ attributes }: Pick<OutboundCall, "attributes">): SentBody | undefined {
  return (attributes as { readonly [BODY_ATTRIBUTE]?: SentBody } | undefined)?.[BODY_ATTRIBUTE];
}

/** What identifies the first bytes of a body: their digest, and whether more follow. */
export function encodeBodyName({ digest, isWhole }: { digest: Uint8Array; isWhole: boolean }): string {
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex};${isWhole ? "whole" : "part"}`;
}

export function isWhole({ name }: SentBody): boolean {
  return name.endsWith(";whole");
}

/** As the filter refuses if too many requests wait. */
const REASON = "authorization_server_overloaded";
const OVERLOADED: LocalResponse = {
  kind: "respond",
  status: 503,
  headers: ["content-type", "application/json", "cache-control", "no-store", "retry-after", "1"],
  body: new TextEncoder().encode(JSON.stringify({ error: REASON })),
  details: REASON,
};

/** Bytes of the bodies of all requests that wait for a decision in one object; all objects of an isolate share 128 MB. */
const MAX_HELD_BYTES = 8 * 1_024 * 1_024;

/** Holds the first bytes of bodies while their requests wait for a decision. */
class SentBodies {
  #heldBytes = 0;

  /**
   * Decides on a request with its body. Refuses it if the Worker, of another deployment, has not sent the body that the check must
   * see, or if too many wait.
   */
  decide<Answer>(
    ask: DecideRequest,
    decide: (ask: DecideRequest) => Answer | Promise<Answer>,
  ): Answer | Unavailable | LocalResponse | Promise<Answer> {
    if (ask.endOfStream) return decide(ask);
    const body = namedBody(ask);
    if (body === undefined) {
      const message =
        "this object's configuration sends the request's body to the check, and the Worker has not sent it";
      return { kind: "unavailable", reason: "configuration_mismatch", message };
    }
    const { byteLength } = body.bytes;
    if (this.#heldBytes + byteLength > MAX_HELD_BYTES) return OVERLOADED;
    this.#heldBytes += byteLength;
    const release = () => {
      this.#heldBytes -= byteLength;
    };
    try {
      const answer = decide({ ...ask, body });
      if (answer instanceof Promise) return answer.finally(release);
      release();
      return answer;
    } catch (error) {
      release();
      throw error;
    }
  }
}

/** For a service whose checks see bodies; undefined for any other. */
export function sentBodies({ filterKind }: Pick<Service, "filterKind">): SentBodies | undefined {
  const isSent = filterKind.kind === "built-in" && sentBodyOf(filterKind.authorization) !== undefined;
  return isSent ? new SentBodies() : undefined;
}

/** The body under the name that the filter keeps its decision by. */
function namedBody({ requestBody, headers }: DecideRequest): SentBody | undefined {
  if (requestBody === undefined) return undefined;
  for (let at = 0; at + 1 < headers.length; at += 2) {
    if (headers[at] === BODY_DIGEST_HEADER)
      return { bytes: requestBody as Uint8Array<ArrayBuffer>, name: headers[at + 1]! };
  }
  return undefined;
}
