import { describe, expect, it } from "vitest";
import type { BodyOutcome, Refusal } from "../../wasm/host/index.ts";
import { DeadlineTimer } from "../runtime/deadline-timer.ts";
import { type BodyPart, type BodyStage, bodyThrough } from "./body-through.ts";
import { StageDeadline } from "./stage-deadline.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array) => new TextDecoder().decode(content);
const BUFFER: BodyOutcome = { kind: "buffer" };
const REFUSAL: Refusal = {
  kind: "respond",
  status: 403,
  headers: [],
  body: bytes(""),
  details: "",
  calls: 0,
  paused: false,
};

/** A body of these chunks, and whether it was cancelled. */
function body(...chunks: string[]) {
  const left = [...chunks];
  const state = { cancelled: false };
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = left.shift();
        if (chunk === undefined) controller.close();
        else controller.enqueue(bytes(chunk));
      },
      cancel() {
        state.cancelled = true;
      },
    },
    { highWaterMark: 0 },
  );
  return { reader: stream.getReader(), state };
}

/** A filter that answers each chunk through `judge`. */
function stage(judge: (chunk: string, end: boolean) => BodyOutcome | Promise<BodyOutcome>, resumed = never) {
  const made: BodyStage = { pass: (chunk, end) => judge(text(chunk), end), resumed };
  return made;
}

const never = () => new Promise<BodyOutcome>(() => {});
const onward = (content: string): BodyOutcome => ({ kind: "continue", body: bytes(content) });

function through(from: ReadableStreamDefaultReader<Uint8Array>, by: BodyStage, takers: Promise<unknown> = never()) {
  return bodyThrough(from, by, new StageDeadline(new DeadlineTimer(20, 4)), takers);
}

async function all(parts: AsyncGenerator<BodyPart, Refusal | undefined>) {
  const passed: string[] = [];
  for (;;) {
    const { done, value } = await parts.next();
    if (done) return { passed, refusal: value };
    passed.push(text(value.bytes) + (value.last ? "$" : ""));
  }
}

describe("a body that streams through a filter", () => {
  it("passes chunk by chunk, with a separate part for the end", async () => {
    const { reader } = body("a", "b");
    expect(
      await all(
        through(
          reader,
          stage((chunk) => onward(chunk)),
        ),
      ),
    ).toEqual({
      passed: ["a", "b", "$"],
      refusal: undefined,
    });
  });

  it("passes at its end if the filter holds all of it back", async () => {
    const { reader } = body("a", "b");
    const judged = stage((_, end) => (end ? onward("ab") : BUFFER));
    expect((await all(through(reader, judged))).passed).toEqual(["ab$"]);
  });

  it("yields no part if the filter passes nothing of a chunk", async () => {
    const { reader } = body("a", "b");
    const judged = stage((chunk) => onward(chunk === "a" ? "" : chunk));
    expect((await all(through(reader, judged))).passed).toEqual(["b", "$"]);
  });

  it("is cancelled and not read further once the filter refuses", async () => {
    const { reader, state } = body("a", "b", "c");
    const judged = stage((chunk) => (chunk === "b" ? REFUSAL : onward(chunk)));
    expect(await all(through(reader, judged))).toEqual({ passed: ["a"], refusal: REFUSAL });
    expect(state.cancelled).toBe(true);
  });

  it("is not read ahead of its reader", async () => {
    let read = 0;
    const judged = stage((chunk) => {
      read += 1;
      return onward(chunk);
    });
    const parts = through(body("a", "b", "c").reader, judged);
    await parts.next();
    expect(read).toBe(1);
  });

  it("passes if the filter resumes before more of it arrives", async () => {
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes("a")),
      pull: () => new Promise(() => {}),
    });
    const parts = through(
      silent.getReader(),
      stage(
        () => BUFFER,
        async () => onward("a"),
      ),
    );
    expect((await parts.next()).value).toMatchObject({ last: false, bytes: bytes("a") });
  });

  it("is refused if the filter resumes with a refusal", async () => {
    const silent = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(bytes("a")),
      pull: () => new Promise(() => {}),
    });
    const judged = stage(
      () => BUFFER,
      async () => REFUSAL,
    );
    expect(await all(through(silent.getReader(), judged))).toEqual({ passed: [], refusal: REFUSAL });
  });

  it("throws if its sender is gone", async () => {
    const gone = new ReadableStream<Uint8Array>({
      pull() {
        throw new Error("gone");
      },
    });
    await expect(
      all(
        through(
          gone.getReader(),
          stage((chunk) => onward(chunk)),
        ),
      ),
    ).rejects.toThrow("gone");
  });

  it("stops without a last chunk for the filter if no one takes the rest, even while waiting", async () => {
    const ends: boolean[] = [];
    const silent = new ReadableStream<Uint8Array>({ pull: () => new Promise(() => {}) });
    const judged = stage((chunk, end) => {
      ends.push(end);
      return onward(chunk);
    });
    const { promise: takers, reject } = Promise.withResolvers<void>();
    const passing = all(through(silent.getReader(), judged, takers));
    reject(new Error("nobody"));
    await expect(passing).rejects.toThrow("no one takes");
    expect(ends).toEqual([]);
  });

  it("aborts the stream if the filter keeps it waiting too long", async () => {
    const deadline = new StageDeadline(new DeadlineTimer(5, 4));
    const judged: BodyStage = {
      pass: () =>
        new Promise((resolve) => {
          deadline.signal.addEventListener("abort", () => resolve(REFUSAL));
        }),
      resumed: never,
    };
    expect(await all(bodyThrough(body("a").reader, judged, deadline, never()))).toEqual({
      passed: [],
      refusal: REFUSAL,
    });
  });
});
