import { expect, it } from "vitest";
import { withoutBodyOfAllow } from "./unread-body.ts";

/** A body of 1 KiB chunks that records how many were read and whether it was cancelled. */
function countedBody(chunks: number) {
  const seen = { chunks: 0, cancelled: false };
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (seen.chunks === chunks) return controller.close();
      seen.chunks += 1;
      controller.enqueue(new Uint8Array(1_024));
    },
    cancel() {
      seen.cancelled = true;
    },
  });
  return { body, seen };
}

const check = () => new Request("https://auth.example/check");

it("reads a small body to its end and returns status and headers without it", async () => {
  const { body, seen } = countedBody(64);
  const headers = new Headers({ "x-user": "ann" });
  headers.append("set-cookie", "a=1");
  headers.append("set-cookie", "b=2");
  const response = await withoutBodyOfAllow(async () => new Response(body, { status: 201, headers }))(check());
  expect([response.status, response.body, seen]).toEqual([201, null, { chunks: 64, cancelled: false }]);
  expect([response.headers.get("x-user"), response.headers.getSetCookie()]).toEqual(["ann", ["a=1", "b=2"]]);
});

it("cancels a body with a large declared length", async () => {
  const { body, seen } = countedBody(Number.POSITIVE_INFINITY);
  const headers = { "content-length": "1000000000" };
  const response = await withoutBodyOfAllow(async () => new Response(body, { headers }))(check());
  expect([response.status, response.body, seen.cancelled]).toEqual([200, null, true]);
  expect(seen.chunks).toBeLessThan(70);
});

it("skips megabytes of undeclared length", async () => {
  const { body, seen } = countedBody(10_000);
  const response = await withoutBodyOfAllow(async () => new Response(body))(check());
  expect([response.status, response.body, seen]).toEqual([200, null, { chunks: 10_000, cancelled: false }]);
});

it("leaves an endless body to the limit on replies", async () => {
  const { body } = countedBody(Number.POSITIVE_INFINITY);
  const response = await withoutBodyOfAllow(async () => new Response(body))(check());
  const reader = response.body!.getReader();
  expect((await reader.read()).done).toBe(false);
  await reader.cancel();
});

it.each([302, 401, 403, 500])("leaves the body of a %i as it is", async (status) => {
  const response = await withoutBodyOfAllow(async () => new Response("page", { status }))(check());
  expect(await response.text()).toBe("page");
});
