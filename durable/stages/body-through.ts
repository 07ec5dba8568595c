import type { BodyOutcome, HeaderChange, Refusal } from "../../wasm/host/index.ts";
import type { StageDeadline } from "./stage-deadline.ts";

const NOTHING = new Uint8Array(0);

/** Shows a filter the body of one direction of a stream. */
export interface BodyStage {
  pass(chunk: Uint8Array, endOfStream: boolean): BodyOutcome | Promise<BodyOutcome>;
  /** After `buffer`: what the filter passes before more of the body arrives. */
  resumed(): Promise<BodyOutcome>;
}

/** Part of a body that the filter passes. */
export interface BodyPart {
  readonly bytes: Uint8Array;
  /** True for the last part. */
  readonly last: boolean;
  /** Changes to headers that were held back until this part. */
  readonly headerChanges: HeaderChange[] | undefined;
}

export type BodyParts = AsyncGenerator<BodyPart, Refusal | undefined>;

/**
 * Runs a body through a filter, chunk by chunk as it arrives. Yields the parts that pass, and returns the filter's refusal of
 * the rest, if it refused. Nothing is read ahead: the consumer sets the pace. The end of the body is a separate, empty chunk,
 * as in Envoy's HTTP/1: to mark the last chunk itself, every chunk would have to wait for the next.
 *
 * Throws if the sender is gone, or no one takes the parts any more.
 *
 * @param takers rejects when no one takes the parts any more, also during the wait for the next chunk
 */
export async function* bodyThrough(
  body: ReadableStreamDefaultReader<Uint8Array>,
  stage: BodyStage,
  deadline: StageDeadline,
  takers: Promise<unknown>,
): BodyParts {
  let ended = false;
  let wanted = true;
  takers.catch(() => {
    wanted = false;
    // Wakes the reader below. Racing each chunk against `takers` would leave a reaction on it for every chunk.
    body.cancel().catch(() => {});
  });
  try {
    for (let held = false; ; ) {
      const reading = body.read();
      // Awaited below; until then, a failure must not count as an unhandled rejection.
      reading.catch(() => {});
      if (held) {
        const resumed = await Promise.race([stage.resumed(), reading.then(() => undefined)]);
        if (resumed?.kind === "continue") yield* partsOf(resumed, false);
        else if (resumed !== undefined && resumed.kind !== "buffer") return resumed;
      }
      const { done, value } = await reading;
      if (!wanted) throw new Error("no one takes the rest of the body");
      ended = done;
      const passing = stage.pass(value ?? NOTHING, done);
      const outcome = passing instanceof Promise ? await deadline.wait(passing) : passing;
      if (outcome.kind === "continue") yield* partsOf(outcome, done);
      else if (outcome.kind !== "buffer") return outcome;
      if (done) return undefined;
      held = outcome.kind === "buffer";
    }
  } finally {
    // The filter refused, or no one takes the rest: the sender need not send it.
    if (!ended) body.cancel().catch(() => {});
  }
}

/** One part, or none if there is nothing to pass on. */
function* partsOf({ body, headerChanges }: Extract<BodyOutcome, { kind: "continue" }>, last: boolean) {
  if (body.length > 0 || last || headerChanges !== undefined) yield { bytes: body, last, headerChanges };
}
