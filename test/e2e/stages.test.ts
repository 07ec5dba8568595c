import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServiceReport } from "../../durable/directory/service-report.ts";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import buildGuests from "../workerd/guests/guests.setup.ts";

/**
 * Bodies pass through a filter over real sockets and break off on the way. The other side must not take the beginning
 * of a body for all of it, and the filter must learn that the exchange is over.
 */

/** A request as the upstream saw it. */
class Seen {
  body = "";
  readonly response: ServerResponse;
  readonly ended: Promise<"whole" | "broken">;
  readonly #waiting: { text: string; resolve: () => void }[] = [];

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.response = response;
    this.ended = new Promise((resolve) => {
      request.once("close", () => resolve(request.complete ? "whole" : "broken"));
    });
    request.on("error", () => {});
    request.setEncoding("utf8").on("data", (text: string) => {
      this.body += text;
      for (const waiting of this.#waiting) if (this.body.includes(waiting.text)) waiting.resolve();
    });
  }

  /** Resolves when the body contains this text. */
  arrived(text: string): Promise<void> {
    if (this.body.includes(text)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ text, resolve }));
  }
}

let workerd: WorkerdProcess;
let upstream: Server;
let onRequest: (seen: Seen) => void = () => {};

/** The next request that reaches the upstream. */
const nextRequest = () =>
  new Promise<Seen>((resolve) => {
    onRequest = resolve;
  });

beforeAll(async () => {
  await buildGuests();
  upstream = createServer((request, response) => onRequest(new Seen(request, response)));
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const address = upstream.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const bundle = await bundleWorker("test/e2e/stages-gateway.ts", { UPSTREAM: `http://127.0.0.1:${address.port}` });
  workerd = await startWorkerd(
    { gateway: { bundle, text: { EBB_DEV: "1" }, objects: { SERVICE_OBJECT: "ServiceObject" } } },
    ["gateway"],
  );
});

afterAll(async () => {
  await workerd?.stop();
  upstream.closeAllConnections();
  upstream.close();
});

/** A connection to the gateway, and the bytes received on it. */
class Client {
  readonly socket: Socket = connect(workerd.ports.gateway!, "127.0.0.1");
  received = "";
  readonly closed: Promise<void>;

  constructor() {
    this.socket.setEncoding("utf8").on("data", (text: string) => {
      this.received += text;
    });
    this.socket.on("error", () => {});
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve()));
  }

  head(method: string, path: string, ...headers: string[]): this {
    this.socket.write(`${[`${method} ${path} HTTP/1.1`, "Host: api.example", ...headers].join("\r\n")}\r\n\r\n`);
    return this;
  }

  chunk(text: string): this {
    this.socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
    return this;
  }

  async until(text: string): Promise<void> {
    await expect.poll(() => this.received, { timeout: 5_000 }).toContain(text);
  }
}

async function statsOf(service: string): Promise<ServiceReport> {
  const response = await fetch(`http://127.0.0.1:${workerd.ports.gateway}/stats?samples=1`);
  const { services } = (await response.json()) as { services: ServiceReport[] };
  return services.find(({ name }) => name === service)!;
}

/** Waits until nothing streams through the filter. */
async function untilIdle(service: string): Promise<void> {
  await expect.poll(async () => (await statsOf(service)).openStreams, { timeout: 10_000 }).toBe(0);
}

const upload = () => new Client().head("POST", "/requests/1", "Transfer-Encoding: chunked");

describe("a request's body", () => {
  it("reaches the upstream while the client still sends it, and completely", async () => {
    const reaching = nextRequest();
    const client = upload().chunk("first");
    const seen = await reaching;
    await seen.arrived("|first");
    client.chunk("second").socket.write("0\r\n\r\n");
    expect(await seen.ended).toBe("whole");
    expect(seen.body).toBe("|first|second");
    seen.response.end("done");
    await client.until("done");
    client.socket.destroy();
    await untilIdle("requests");
  });

  it("breaks off at the upstream if the client disconnects in the middle of it", async () => {
    const reaching = nextRequest();
    const client = upload().chunk("first");
    const seen = await reaching;
    await seen.arrived("|first");
    client.socket.resetAndDestroy();
    expect(await seen.ended).toBe("broken");
    await untilIdle("requests");
  });

  it.each([
    ["refuses", "X", "403", "denied_body"],
    ["traps on", "T", "503", "filter_failed"],
  ])("breaks off upstream if the filter %s the rest, and the client is told why", async (_, rest, status, reason) => {
    const reaching = nextRequest();
    const client = upload().chunk("first");
    const seen = await reaching;
    await seen.arrived("|first");
    client.chunk(rest);
    await client.until(`HTTP/1.1 ${status}`);
    expect(client.received).toContain(reason);
    expect(await seen.ended).toBe("broken");
    expect(seen.body).toBe("|first");
    client.socket.destroy();
    await untilIdle("requests");
  });

  it("is dropped if the upstream disconnects, and the client gets 502", async () => {
    const reaching = nextRequest();
    const client = upload().chunk("first");
    const seen = await reaching;
    await seen.arrived("|first");
    seen.response.socket?.resetAndDestroy();
    await client.until("HTTP/1.1 502");
    client.socket.destroy();
    await untilIdle("requests");
  });
});

describe("a response's body", () => {
  it("reaches the client while the upstream still sends it, and completely", async () => {
    const reaching = nextRequest();
    const client = new Client().head("GET", "/responses/1", "Connection: close");
    const { response } = await reaching;
    response.write("first");
    await client.until("|first");
    // A stub that nothing references would be gone by then.
    await new Promise((resolve) => setTimeout(resolve, 500));
    response.end("second");
    await client.closed;
    expect(client.received).toMatch(/\|first[\s\S]*\|second[\s\S]*\r\n0\r\n/);
    await untilIdle("responses");
  });

  it("is cancelled at the upstream if the client disconnects in the middle of it", async () => {
    const reaching = nextRequest();
    const client = new Client().head("GET", "/responses/1");
    const { response } = await reaching;
    const closed = new Promise<void>((resolve) => response.once("close", () => resolve()));
    const writing = setInterval(() => response.write("more"), 20);
    await client.until("|more");
    expect((await statsOf("responses")).openStreams).toBe(1);
    client.socket.resetAndDestroy();
    await closed;
    clearInterval(writing);
    await untilIdle("responses");
  });

  it("breaks off if the upstream breaks it off", async () => {
    const reaching = nextRequest();
    const client = new Client().head("GET", "/responses/1", "Connection: close");
    const { response } = await reaching;
    response.write("first");
    await client.until("|first");
    response.socket?.resetAndDestroy();
    await client.closed;
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    await untilIdle("responses");
  });

  it("breaks off if the filter traps on it", async () => {
    const reaching = nextRequest();
    const client = new Client().head("GET", "/responses/1", "Connection: close");
    const { response } = await reaching;
    response.on("error", () => {});
    response.write("first");
    await client.until("|first");
    response.write("Trap");
    await client.closed;
    expect(client.received).not.toMatch(/\r\n0\r\n/);
    response.destroy();
    expect(await statsOf("responses")).toMatchObject({ failuresInStages: 1, traps: 1 });
  });
});
