import { RpcTarget } from "cloudflare:workers";
import type { Decision, HeaderChange, HttpStream, Refusal } from "../../wasm/host/index.ts";
import { unflattenHeaders } from "../flat-headers.ts";
import type { OpenStream } from "../instances/generation.ts";
import { denyResult } from "../request/decision-answer.ts";
import type { DenyResult, ExchangeStages, ForwardedMessage, ResponseHead } from "../rpc.ts";
import { type BodyPart, type BodyParts, type BodyStage, bodyThrough } from "./body-through.ts";
import { PassedBody } from "./passed-body.ts";
import { throughResponseStages } from "./response-stages.ts";
import type { StageDeadline } from "./stage-deadline.ts";

export interface ExchangeDependencies {
  readonly open: OpenStream;
  readonly deadline: StageDeadline;
  readonly stages: ExchangeStages;
  /** Shows the filter bodies while their head is held back. */
  readonly bodyWhileHeadersPaused: boolean;
  /** Called for every refusal after the head, to count it and to notice a trap. */
  readonly onRefusal: (refusal: Refusal) => void;
}

type Bytes = ReadableStream<Uint8Array>;

/** A message that passes. */
interface Passage {
  readonly message: ForwardedMessage;
  /** Resolves when the whole body has passed, or with the filter's refusal of the rest. */
  readonly rest: Promise<Refusal | undefined>;
}

/**
 * The rest of an HTTP exchange after the request's head. The Worker gets a stub of it with the decision, calls it for each
 * message that the filter sees, and disposes it at the end. If the Worker ends without that, the platform disposes it. The
 * whole exchange runs on the generation that decided on the head.
 */
export class Exchange extends RpcTarget {
  readonly #dependencies: ExchangeDependencies;
  readonly #stream: HttpStream;
  /** The decision on the request's head, if the body comes first. */
  readonly #head: Promise<Decision> | undefined;
  #requestRest: Promise<Refusal | undefined> = Promise.resolve(undefined);
  #requestRefused = false;
  #responseBegan = false;
  #ended = false;

  constructor(dependencies: ExchangeDependencies, head?: Promise<Decision>) {
    super();
    this.#dependencies = dependencies;
    this.#stream = dependencies.open.stream;
    this.#head = head;
  }

  /**
   * The request's body. The request is forwarded once the filter passes the body's first part: a filter that holds back the whole
   * body can refuse before the request reaches the upstream.
   */
  async requestBody(body: Bytes): Promise<ForwardedMessage | DenyResult> {
    const passage = await this.#pass(body, "request", this.#head);
    if (isRefusal(passage)) return this.#refused(passage);
    this.#requestRest = passage.rest;
    passage.rest.then((refusal) => {
      this.#requestRefused = refusal !== undefined;
    });
    return passage.message;
  }

  /** Resolves when the request's body has passed, or with the filter's refusal of its rest. */
  async requestRefusal(): Promise<DenyResult | undefined> {
    const refusal = await this.#requestRest;
    return refusal && this.#refused(refusal);
  }

  /** Whether the filter has refused the rest of the request's body. Answers at once, even while the body streams. */
  async hasRefusedRequest(): Promise<boolean> {
    return this.#requestRefused;
  }

  /** The upstream's response. `body` is null if there is none or the filter does not see it. */
  async response(
    { status, headers, endOfStream }: ResponseHead,
    body: Bytes | null,
  ): Promise<ForwardedMessage | DenyResult> {
    this.#responseBegan = true;
    const deciding = this.#stream.responseHeaders(
      [[":status", String(status)], ...unflattenHeaders(headers)],
      endOfStream,
    );
    const bodyFirst = deciding instanceof Promise && this.#dependencies.bodyWhileHeadersPaused;
    if (body !== null && bodyFirst) {
      const passage = await this.#pass(body, "response", deciding);
      if (isRefusal(passage)) return this.#refused(passage);
      this.#tellOfRefusal(passage.rest);
      return passage.message;
    }
    const decision = deciding instanceof Promise ? await this.#dependencies.deadline.wait(deciding) : deciding;
    if (decision.kind !== "continue") {
      body?.cancel().catch(() => {});
      return this.#refused(decision);
    }
    if (body === null) return { kind: "continue", changes: decision.changes, body: null };
    const { parts, passed } = this.#through(body.getReader(), "response");
    this.#tellOfRefusal(passed.take(parts));
    return { kind: "continue", changes: decision.changes, body: passed.readable };
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    this.#dependencies.open.end();
  }

  /** Waits for the first part that passes, and for the head if it was held back. */
  async #pass(
    body: Bytes,
    direction: "request" | "response",
    head: Promise<Decision> | undefined,
  ): Promise<Passage | Refusal> {
    const reader = body.getReader();
    const { parts, passed } = this.#through(reader, direction);
    const first = await firstOf(parts, head);
    if (isRefusal(first)) {
      reader.cancel().catch(() => {});
      return first;
    }
    const changes = first.headerChanges ?? (await changesOf(head));
    if (first.last) {
      return { message: { kind: "continue", changes, body: compact(first.bytes) }, rest: Promise.resolve(undefined) };
    }
    return { message: { kind: "continue", changes, body: passed.readable }, rest: passed.take(parts, first) };
  }

  #through(
    reader: ReadableStreamDefaultReader<Uint8Array>,
    direction: "request" | "response",
  ): { parts: BodyParts; passed: PassedBody } {
    const stream = this.#stream;
    const stage: BodyStage = {
      pass: (chunk, end) =>
        direction === "request" ? stream.requestBody(chunk, end) : stream.responseBody(chunk, end),
      resumed: () => stream.resumed(direction),
    };
    // Otherwise a silent sender would keep an exchange open that is already over for the filter.
    stream.over.then(() => reader.cancel().catch(() => {}));
    const passed = new PassedBody();
    return { parts: bodyThrough(reader, stage, this.#dependencies.deadline, passed.wanted), passed };
  }

  /** Counts the refusal of a response that already streams. No one asks for it: the client sees the body abort. */
  async #tellOfRefusal(rest: Promise<Refusal | undefined>): Promise<void> {
    const refusal = await rest;
    if (refusal !== undefined) this.#count(refusal);
  }

  async #refused(refusal: Refusal): Promise<DenyResult> {
    const { open, stages, deadline } = this.#dependencies;
    const final =
      refusal.kind === "respond" && !this.#responseBegan
        ? await throughResponseStages(open.stream, refusal, stages, deadline)
        : refusal;
    this.#count(final);
    return denyResult(final);
  }

  /** Ignores refusals after the exchange was given up. */
  #count(refusal: Refusal): void {
    if (!this.#ended) this.#dependencies.onRefusal(refusal);
  }
}

/** The first part of a body that passes, or a refusal: of the body, or of the head while the body arrives. */
function firstOf(parts: BodyParts, head: Promise<Decision> | undefined): Promise<BodyPart | Refusal> {
  const first = parts.next().then(({ value }) => {
    if (value === undefined) throw new Error("the body ended without an outcome");
    return value;
  });
  return head === undefined
    ? first
    : Promise.race([first, head.then((decision) => (decision.kind === "continue" ? first : decision))]);
}

/** Changes to a head that was held back and passed before the body's first part. */
async function changesOf(head: Promise<Decision> | undefined): Promise<HeaderChange[]> {
  const decision = await head;
  return decision?.kind === "continue" ? decision.changes : [];
}

function isRefusal(outcome: BodyPart | Passage | Refusal): outcome is Refusal {
  return "kind" in outcome;
}

/** A copy if `bytes` is part of a larger buffer, because RPC would send the whole buffer. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
