import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { drive } from "./drive.ts";
import { Tally } from "./tally.ts";
import type { PlannedRequest } from "./workload.ts";

let server: Server | undefined;

async function serve(listener: RequestListener): Promise<string> {
  server = createServer(listener);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

function* requests(count: number, gapMs = 0): Generator<PlannedRequest> {
  for (let i = 0; i < count; i++)
    yield { atMs: i * gapMs, path: `/orders/${i}`, token: "demo-u1", expected: "allowed" };
}

const unstopped = new AbortController().signal;

describe("driving load", () => {
  test("sends each request with its token and waits for the last answer", async () => {
    const seen: string[] = [];
    const origin = await serve(({ url, headers }, reply) => {
      seen.push(`${url} ${headers.authorization}`);
      setTimeout(() => reply.end(), 20);
    });
    const tally = new Tally();
    expect(await drive(requests(3), tally, { origin, concurrency: 8, signal: unstopped })).toBe("finished");
    expect(seen.sort()).toEqual([0, 1, 2].map((i) => `/orders/${i} Bearer demo-u1`));
    expect(tally).toMatchObject({ answered: 3, errors: 0, skipped: 0 });
  });

  test("skips requests that come due while too many wait", async () => {
    let waiting = 0;
    let maxWaiting = 0;
    const origin = await serve((_request, reply) => {
      maxWaiting = Math.max(maxWaiting, ++waiting);
      setTimeout(() => {
        waiting--;
        reply.end();
      }, 50);
    });
    const tally = new Tally();
    await drive(requests(20), tally, { origin, concurrency: 4, signal: unstopped });
    expect(maxWaiting).toBeLessThanOrEqual(4);
    expect(tally.skipped).toBeGreaterThan(0);
    expect(tally.finished + tally.skipped).toBe(20);
  });

  test("does not follow redirects", async () => {
    const origin = await serve((_request, reply) =>
      reply.writeHead(302, { location: "http://example.invalid/" }).end(),
    );
    const tally = new Tally();
    await drive(requests(1), tally, { origin, concurrency: 1, signal: unstopped });
    expect([...tally.byOutcome]).toEqual([["302", 1]]);
  });

  test("ends when it is stopped, in the middle of a wait", async () => {
    const origin = await serve((_request, reply) => reply.end());
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 30);
    const tally = new Tally();
    expect(await drive(requests(2, 60_000), tally, { origin, concurrency: 1, signal: stop.signal })).toBe("stopped");
    expect(tally.finished).toBe(1);
  });

  test("ends when the gateway is gone", async () => {
    const origin = await serve((request) => request.socket.destroy());
    const tally = new Tally();
    expect(await drive(requests(5000, 1), tally, { origin, concurrency: 4, signal: unstopped })).toBe("gateway gone");
    expect(tally.answered).toBe(0);
  });
});
