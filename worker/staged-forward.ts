import { flattenHeaders } from "../durable/flat-headers.ts";
import type { DenyResult, ForwardedMessage, NeedsHeaders } from "../durable/rpc.ts";
import type { Answer, BodyFirst, ContinueInStages } from "../durable/stages/staged-answer.ts";
import type { Exchange } from "../durable/stages/staged-exchange.ts";
import type { Incoming } from "./incoming.ts";
import { rateLimitedLog } from "./rate-limited-log.ts";
import { deniedResponse, errorResponse, type Outcome, replied } from "./replies.ts";
import { changedResponse } from "./response.ts";
import { sendUpstream } from "./upstream.ts";

type Stubbed<Staged extends { exchange: Exchange }> = Omit<Staged, "exchange"> & {
  readonly exchange: Rpc.Stub<Exchange>;
};
/** A decision after which the filter sees more than the head. */
export type InStages = Stubbed<ContinueInStages> | Stubbed<BodyFirst>;

/** The object's answer as the Worker receives it: over RPC, the exchange is a stub. */
export type Decided = Exclude<Answer, ContinueInStages | BodyFirst> | InStages | NeedsHeaders;

/**
 * Runs the rest of an exchange if the filter sees more than the request's head. Bodies pass through the object over a stub,
 * which is disposed after the last body has ended or its receiver has gone. If the stub fails, the request is refused, or a
 * message in progress is aborted: nothing passes unseen that the filter should see.
 */
export async function exchangeInStages(
  incoming: Incoming,
  ctx: Pick<ExecutionContext, "waitUntil">,
  answer: InStages,
): Promise<Outcome> {
  const passing = new Passing(incoming, answer);
  try {
    return await passing.run();
  } catch (error) {
    rateLimitedLog.error(`${incoming.service.name}: object_unreachable: ${String(error)}`);
    passing.abort();
    return replied(errorResponse(503, "object_unreachable"));
  } finally {
    // Otherwise the stub would end with the handler, in the middle of a body.
    ctx.waitUntil(passing.ended().finally(() => answer.exchange[Symbol.dispose]()));
  }
}

class Passing {
  readonly #incoming: Incoming;
  readonly #answer: InStages;
  readonly #upstream = new AbortController();
  /** Bodies in progress, which need the stub. */
  readonly #underWay: Promise<unknown>[] = [];

  constructor(incoming: Incoming, answer: InStages) {
    this.#incoming = incoming;
    this.#answer = answer;
  }

  async run(): Promise<Outcome> {
    const { body, service } = this.#incoming;
    const { stages, exchange } = this.#answer;
    if (body === null || !stages.requestBody) {
      const head = this.#answer.kind === "continue_in_stages" ? this.#answer.changes : [];
      return this.#respond(await sendUpstream(this.#incoming, head, body, this.#upstream.signal));
    }
    const passed = await exchange.requestBody(body);
    if (passed.kind !== "continue") return replied(deniedResponse(service.name, passed));
    const changes = this.#answer.kind === "body_first" ? passed.changes : this.#answer.changes;
    const sending = sendUpstream(this.#incoming, changes, passed.body, this.#upstream.signal);
    if (!(passed.body instanceof ReadableStream)) return this.#respond(await sending);

    const refused = await this.#refusedBefore(sending);
    return refused === undefined ? this.#respond(await sending) : replied(deniedResponse(service.name, refused));
  }

  /** Aborts the request to the upstream. */
  abort(): void {
    this.#upstream.abort();
  }

  /** Settles when no body is in progress. Never rejects. */
  async ended(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** The filter's refusal of the request's body, if it came before the upstream's answer. */
  async #refusedBefore(sending: Promise<Outcome>): Promise<DenyResult | undefined> {
    const ending = this.#requestRefusal();
    const answered = await Promise.race([sending, ending.then(() => undefined)]);
    if (answered === undefined) return ending;
    // The upstream call may have failed because the filter refused the body; a handler may answer all the same. If it was not
    // refused, do not wait for the rest of the body.
    const mayHideRefusal = !answered.ok || "handler" in this.#incoming.service.upstream;
    const isRefused = mayHideRefusal && (await this.#answer.exchange.hasRefusedRequest());
    if (answered.ok && !isRefused) this.#underWay.push(ending);
    if (answered.ok && isRefused) discard(answered.response);
    return isRefused ? ending : undefined;
  }

  async #requestRefusal(): Promise<DenyResult | undefined> {
    let refused: DenyResult | undefined;
    try {
      refused = await this.#answer.exchange.requestRefusal();
    } catch (error) {
      refused = { kind: "unavailable", reason: "object_unreachable", message: String(error) };
    }
    if (refused !== undefined) this.abort();
    return refused;
  }

  async #respond(sent: Outcome): Promise<Outcome> {
    if (!sent.ok) return sent;
    const { response } = sent;
    const { stages, exchange } = this.#answer;
    if (!stages.response) return sent;

    const { service, request } = this.#incoming;
    const empty = response.body === null || response.webSocket !== null || request.method === "HEAD";
    const body = stages.responseBody && !empty ? response.body : null;
    const head = { status: response.status, headers: flattenHeaders(response.headers), endOfStream: empty };
    const passed = await exchange.response(head, body);
    if (passed.kind !== "continue") {
      discard(response);
      return replied(deniedResponse(service.name, passed));
    }
    try {
      const changedBody = body === null ? response.body : this.#streamed(passed.body);
      return { ok: true, response: changedResponse(response, passed.changes, changedBody) };
    } catch (error) {
      // A status or header that no response can have.
      rateLimitedLog.error(`${service.name}: filter_failed: its changes to the response: ${String(error)}`);
      this.abort();
      return replied(errorResponse(503, "filter_failed"));
    }
  }

  /** The body for the client. A stream needs the stub until it ends. */
  #streamed(body: ForwardedMessage["body"]): ForwardedMessage["body"] {
    if (!(body instanceof ReadableStream)) return body;
    const { readable, writable } = new IdentityTransformStream();
    this.#underWay.push(body.pipeTo(writable));
    return readable;
  }
}

/** Discards a response that the client will not get. */
function discard({ body, webSocket }: Response): void {
  if (body?.locked === false) body.cancel().catch(() => {});
  if (webSocket === null) return;
  webSocket.accept();
  webSocket.close(1011, "refused");
}
