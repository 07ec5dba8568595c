import type { Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ServiceReport } from "../../durable/directory/service-report.ts";
import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../../scripts/workerd.ts";
import { REFUSING_ORIGIN, type SocketServer, startSocketServer } from "../faults/socket-server.ts";

/** Authorization servers that fail in every way a socket can, asked by a bare workerd. */
const BEHAVIOURS = {
  resets: (socket: Socket) => socket.resetAndDestroy(),
  hangs: () => {},
  babbles: (socket: Socket) => socket.end("this is not HTTP at all\r\n\r\n"),
  truncates: (socket: Socket) => socket.end("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nonly this"),
  errs: (socket: Socket) => socket.end("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"),
  redirects: (socket: Socket) =>
    socket.end("HTTP/1.1 302 Found\r\nlocation: https://login.example/\r\ncontent-length: 0\r\n\r\n"),
  floods: (socket: Socket) =>
    socket.write(`HTTP/1.1 200 OK\r\ncontent-length: 9000000\r\n\r\n${"x".repeat(1_000_000)}`),
  oversizes: (socket: Socket) =>
    socket.end(`HTTP/1.1 200 OK\r\nx-big: ${"x".repeat(200_000)}\r\ncontent-length: 0\r\n\r\n`),
} satisfies Record<string, (socket: Socket) => unknown>;

const servers = new Map<string, SocketServer>();
let workerd: WorkerdProcess;

beforeAll(async () => {
  const origins: Record<string, string> = {};
  for (const [name, behave] of Object.entries(BEHAVIOURS)) {
    const server = await startSocketServer(behave);
    servers.set(name, server);
    origins[name] = server.origin;
  }
  origins.down = REFUSING_ORIGIN;

  const bundle = await bundleWorker("test/e2e/failing-servers-gateway.ts", { AUTHORIZATION_SERVERS: origins });
  workerd = await startWorkerd(
    {
      gateway: {
        bundle,
        text: { EBB_DEV: "1" },
        services: { UPSTREAM: "upstream" },
        objects: { SERVICE_OBJECT: "ServiceObject" },
      },
      upstream: { bundle: await bundleWorker("test/e2e/echo-upstream.ts") },
    },
    ["gateway"],
  );
});

afterAll(async () => {
  await workerd?.stop();
  for (const server of servers.values()) server.stop();
});

const origin = () => `http://127.0.0.1:${workerd.ports.gateway}`;

async function ask(service: string, token: string) {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${origin()}/${service}/1`, { headers, redirect: "manual" });
  const body = await response.text();
  return {
    status: response.status,
    reason: response.headers.get("x-ebb-reason"),
    location: response.headers.get("location"),
    body,
  };
}

async function statsOf(service: string): Promise<ServiceReport> {
  const { services } = (await (await fetch(`${origin()}/stats?wake=1`)).json()) as { services: ServiceReport[] };
  return services.find(({ name }) => name === service)!;
}

describe("an authorization server", () => {
  it.each([
    ["down", 503, "authorization_server_unreachable"],
    ["resets", 503, "authorization_server_unreachable"],
    ["hangs", 503, "authorization_server_timeout"],
    ["babbles", 503, "authorization_server_unreachable"],
    ["truncates", 503, "authorization_server_unreachable"],
    ["errs", 503, "authorization_server_error"],
  ] as const)("that %s makes the client get %d with a reason", async (service, status, reason) => {
    expect(await ask(service, "t-1")).toMatchObject({ status, reason, body: JSON.stringify({ error: reason }) });
  });

  it("that redirects: the client gets the redirect, and the gateway does not follow it", async () => {
    expect(await ask("redirects", "t-1")).toMatchObject({ status: 302, location: "https://login.example/" });
  });

  it("that allows with a body of any length lets the client in: the gateway does not read the body", async () => {
    expect((await ask("floods", "t-1")).status).toBe(200);
  });

  it("that answers with too many header bytes lets no client in", async () => {
    expect((await ask("oversizes", "t-1")).status).toBe(503);
  });

  it("makes a service with failOpen fail open only after half a minute without any answer", {
    timeout: 120_000,
  }, async () => {
    const services = ["down-open", "resets-open", "hangs-open", "errs-open", "redirects-open"];
    const statuses = () => Promise.all(services.map(async (service) => (await ask(service, "t-2")).status));
    const closed = [503, 503, 503, 503, 302];
    const startedMs = Date.now();
    while (Date.now() - startedMs < 30_000) {
      expect(await statuses()).toEqual(closed);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
    // A probe of a server that hangs ends with its timeout, and on a busy machine later.
    await expect.poll(statuses, { interval: 5_000, timeout: 40_000 }).toEqual([200, 200, 200, 503, 302]);
    expect((await statsOf("down-open")).failedOpen).toBeGreaterThanOrEqual(1);
  });

  it("is asked again after each failure: failures are not cached", async () => {
    await ask("errs", "t-again");
    const before = servers.get("errs")!.connections;
    await ask("errs", "t-again");
    expect(servers.get("errs")!.connections).toBe(before + 1);
  });

  it("costs no memory when it fails ten thousand times", { timeout: 120_000 }, async () => {
    await Promise.all(Array.from({ length: 500 }, (_, n) => ask("down", `warm-${n}`)));
    const before = (await statsOf("down")).allocatedBytes;
    for (let n = 0; n < 10_000; n += 500) {
      const all = await Promise.all(
        Array.from({ length: 500 }, (_, m) => ask("down", `${n + m}-${"x".repeat(m % 300)}`)),
      );
      // One client sends so many requests at once that some exceed its share.
      expect(all.filter(({ status }) => status !== 503 && status !== 429)).toEqual([]);
    }
    expect((await statsOf("down")).allocatedBytes).toBe(before);
  });

  it("causes no unhandled rejection", () => {
    expect(workerd.log()).not.toMatch(/unhandled|uncaught/i);
  });
});

describe("a body", () => {
  it("is streamed in both directions while the client still sends it", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const init = { method: "POST", body: readable, headers: { authorization: "Bearer t" }, duplex: "half" };
    const asked = fetch(`${origin()}/floods/1`, init as RequestInit);
    writer.write(new TextEncoder().encode("first"));
    const response = await asked;
    const reader = response.body!.getReader();
    const decoder = new TextDecoder();
    expect(decoder.decode((await reader.read()).value)).toBe("first");
    writer.write(new TextEncoder().encode("second"));
    expect(decoder.decode((await reader.read()).value)).toBe("second");
    await writer.close();
    expect((await reader.read()).done).toBe(true);
  });
});
