import { RpcTarget } from "cloudflare:workers";
import type { Decision, HeaderChange, HttpStream, Refusal } from "../../wasm/host/index.ts";
import { appendHeaders } from "../flat-headers.ts";
import type { OpenStream } from "../instances/generation.ts";
import { denyResult } from "../request/decision-answer.ts";
import type { DenyResult, ExchangeStages, ForwardedMessage, ResponseHead } from "../rpc.ts";
import { type BodyPart, type BodyParts, type BodyStage, bodyThrough } from "./body-through.ts";
import { throughResponseStages } from "./local-response.ts";
import { PassedBody } from "./passed-body.ts";
import type { StageDeadline } from "./stage-deadline.ts";

export interface ExchangeDependencies {
  readonly open: OpenStream;
  readonly deadline: StageDeadline;
  readonly stages: ExchangeStages;
  /** Shows bodies while their head is held back. */
  readonly bodyWhileHeadersPaused: boolean;
  /** Told of every refusal beyond the head, to count it and to notice a trap. */
  readonly onRefusal: (refusal: Refusal) => void;
}

type Bytes = ReadableStream<Uint8Array>;

/** A message that goes on. */
interface Passage {
  readonly message: ForwardedMessage;
  /** Settles when all of the body has passed: with nothing, or with how the filter refused the rest. */
  readonly rest: Promise<Refusal | undefined>;
}

/**
 * What is left of one HTTP exchange after its head. A stub of it goes to the Worker with the decision; the Worker calls it
 * for each message that the filter is to see, and disposes it at the end. If the Worker goes without that, the platform
 * does. All of it runs on the generation that decided on the head.
 */
export class Exchange extends RpcTarget {
  readonly #dependencies: ExchangeDependencies;
  readonly #stream: HttpStream;
  /** The decision on the request's head, where the body comes first. */
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
   * The request's body. The request goes on once the filter has let the body's first part go: one that holds back all of
   * it can refuse before the upstream hears of the request.
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

  /** Settles when the request's body has passed: with nothing, or with how the filter refused the rest of it. */
  async requestRefusal(): Promise<DenyResult | undefined> {
    const refusal = await this.#requestRest;
    return refusal && this.#refused(refusal);
  }

  /** Whether the filter has refused the rest of the request's body. Told at once, also while the body is on its way. */
  async hasRefusedRequest(): Promise<boolean> {
    return this.#requestRefused;
  }

  /** The upstream's response. `body` only where there is one and the filter is to see it. */
  async response(
    { status, headers, endOfStream }: ResponseHead,
    body: Bytes | null,
  ): Promise<ForwardedMessage | DenyResult> {
    this.#responseBegan = true;
    const deciding = this.#stream.responseHeaders(
      [[":status", String(status)], ...appendHeaders(headers)],
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

  /** Waits for the first part that goes on, and for the head with it where that was held back. */
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
    // A sender that is silent would keep open what nobody decides on any more.
    stream.over.then(() => reader.cancel().catch(() => {}));
    const passed = new PassedBody();
    return { parts: bodyThrough(reader, stage, this.#dependencies.deadline, passed.wanted), passed };
  }

  /** Of a response that is on its way nobody asks how it ended: the client sees it break off. */
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

  /** What an exchange that was given up makes of its rest is nobody's refusal. */
  #count(refusal: Refusal): void {
    if (!this.#ended) this.#dependencies.onRefusal(refusal);
  }
}

/** What goes on first of a body; or the refusal, which may also come of the head while the body is on its way. */
function firstOf(parts: BodyParts, head: Promise<Decision> | undefined): Promise<BodyPart | Refusal> {
  const first = parts.next().then(({ value }) => {
    if (value === undefined) throw new Error("the body ended without an outcome");
    return value;
  });
  return head === undefined
    ? first
    : Promise.race([first, head.then((decision) => (decision.kind === "continue" ? first : decision))]);
}

/** Changes of a head that was held back and has gone on before the body's first part did. */
async function changesOf(head: Promise<Decision> | undefined): Promise<HeaderChange[]> {
  const decision = await head;
  return decision?.kind === "continue" ? decision.changes : [];
}

function isRefusal(outcome: BodyPart | Passage | Refusal): outcome is Refusal {
  return "kind" in outcome;
}

/** Without the rest of the buffer it may be part of: all of that would travel with it. */
function compact(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}
