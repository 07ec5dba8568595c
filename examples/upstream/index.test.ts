import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";

let workerd: WorkerdProcess;
let host: string;

beforeAll(async () => {
  const bundle = await bundleWorker(join(import.meta.dirname, "index.ts"));
  workerd = await startWorkerd({ upstream: { bundle } }, ["upstream"]);
  host = `127.0.0.1:${workerd.ports.upstream}`;
});

afterAll(() => workerd.stop());

test("reports method, URL and headers of the request", async () => {
  const response = await fetch(`http://${host}/orders/1?a=b`, { method: "DELETE", headers: { "x-user": "alice" } });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    method: "DELETE",
    url: `http://${host}/orders/1?a=b`,
    headers: { "x-user": "alice" },
    bodyBytes: 0,
  });
});

test("counts a body of many pieces", async () => {
  const body = new Blob(Array.from({ length: 64 }, () => new Uint8Array(65_536)));
  const response = await fetch(`http://${host}/upload`, { method: "POST", body });
  expect(await response.json()).toMatchObject({ method: "POST", bodyBytes: 64 * 65_536 });
});

test("echoes over a WebSocket on any path", async () => {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const socket = new WebSocket(`ws://${host}/orders/live`);
  socket.addEventListener("open", () => socket.send("hello"));
  socket.addEventListener("message", ({ data }) => resolve(data));
  socket.addEventListener("error", () => reject(new Error("no WebSocket")));
  expect(await promise).toBe("hello");
  socket.close();
});
