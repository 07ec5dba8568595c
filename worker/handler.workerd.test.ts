import { describe, expect, it } from "vitest";
import { ask, settled, statsOf } from "../test/workerd/client.ts";
import { bodiesSeen } from "../test/workerd/handled.ts";

/** A handler behind a filter that sees the body: the handler gets only what the filter passes. */

const post = (path: string, body: BodyInit) => ask(path, undefined, { method: "POST", body });
const reason = (response: Response) => [response.status, response.headers.get("x-ebb-reason")];

function inPieces(pieces: readonly string[]): ReadableStream {
  const left = [...pieces];
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
      controller.byobRequest?.respond(0);
      await scheduler.wait(50);
    },
  });
}

async function untilIdle(): Promise<void> {
  await expect.poll(async () => (await statsOf("handled")).openStreams, { timeout: 5_000 }).toBe(0);
}

describe("a handler behind a filter that sees the body", () => {
  it("gets the body as the filter passed it", async () => {
    const response = await post("/handled/reads", inPieces(["one", "two"]));
    expect((await response.text()).replaceAll("|", "")).toBe("read onetwo");
    await untilIdle();
  });

  it("gets a body that breaks off if the filter refuses the rest, and the client the filter's answer", async () => {
    bodiesSeen.length = 0;
    expect(reason(await post("/handled/reads", inPieces(["one", "X"])))).toEqual([403, "denied_body"]);
    await untilIdle();
    await settled();
    expect(bodiesSeen).toEqual(["broken off"]);
  });

  it("may answer without reading it", async () => {
    expect(await (await post("/handled/early", "a".repeat(500_000))).text()).toBe("early");
    await untilIdle();
  });

  it("may send it back while it arrives", async () => {
    const response = await post("/handled/back", inPieces(["one", "two", "three"]));
    expect((await response.text()).replaceAll("|", "")).toBe("onetwothree");
    await untilIdle();
  });

  it("may throw without reading it", async () => {
    expect(reason(await post("/handled/unread", "a".repeat(500_000)))).toEqual([502, "upstream_failed"]);
    await untilIdle();
  });

  it("may throw what is no error", async () => {
    expect(reason(await post("/handled/throws", "body"))).toEqual([502, "upstream_failed"]);
    await untilIdle();
  });

  it("does not hold up a refusal by never answering", async () => {
    expect(reason(await post("/handled/hangs", inPieces(["one", "X"])))).toEqual([403, "denied_body"]);
    await untilIdle();
  });
});
