import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REFUSING_ORIGIN, type SocketServer, startSocketServer } from "../faults/socket-server.ts";
import { headerOf } from "./raw-client.ts";
import { RawServer } from "./raw-server.ts";
import { type SecurityGateway, startGateway } from "./start-gateway.ts";
import { VARIANTS } from "./variants.ts";

/**
 * Upstreams that fail in every way a socket can. Their clients get an error; clients of other services notice nothing.
 */

const HUGE = 3_000_000;
const reply = (head: string, body = "") => `HTTP/1.1 ${head}\r\n\r\n${body}`;

const BEHAVIOURS = {
  resets: (socket: Socket) => socket.resetAndDestroy(),
  babbles: (socket: Socket) => socket.end("this is not HTTP at all\r\n\r\n"),
  oversizes: (socket: Socket) => socket.end(reply(`200 OK\r\nx-big: ${"x".repeat(200_000)}\r\ncontent-length: 0`)),
  leaves: (socket: Socket) => socket.end(),
  errs: (socket: Socket) => socket.end(reply("500 Oh\r\ncontent-length: 4", "oops")),
  redirects: (socket: Socket) =>
    socket.end(reply("302 Found\r\nlocation: https://elsewhere.example/\r\ncontent-length: 0")),
  promises: (socket: Socket) => socket.end(reply("200 OK\r\ncontent-length: 100", "only this")),
  exceeds: (socket: Socket) => socket.end(reply("200 OK\r\ncontent-length: 4", "bodyGET /hidden HTTP/1.1\r\n\r\n")),
  floods: (socket: Socket) => socket.end(reply(`200 OK\r\ncontent-length: ${HUGE}`, "x".repeat(HUGE))),
  hangs: () => {},
  drips: (socket: Socket) => {
    socket.write(reply("200 OK\r\ntransfer-encoding: chunked", "4\r\ndrip\r\n"));
    const timer = setInterval(() => socket.write("4\r\ndrip\r\n"), 20);
    socket.on("close", () => clearInterval(timer));
  },
} satisfies Record<string, (socket: Socket) => unknown>;

describe.each(VARIANTS)("with $name, an upstream", (variant) => {
  const servers = new Map<string, SocketServer>();
  let well: RawServer;
  let authorization: RawServer;
  let gateway: SecurityGateway;

  beforeAll(async () => {
    well = await RawServer.start(() => ({ body: "served" }));
    authorization = await RawServer.start(() => ({ status: 200 }));
    const service = (name: string, url: string) => ({
      route: { prefix: `/${name}` },
      upstream: { url },
      clusters: { auth: { url: authorization.origin } },
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" } as const,
    });
    for (const [name, behave] of Object.entries(BEHAVIOURS)) servers.set(name, await startSocketServer(behave));
    const all = [...servers, ["down", { origin: REFUSING_ORIGIN }] as const, ["well", well] as const];
    gateway = await startGateway(
      { services: Object.fromEntries(all.map(([name, { origin }]) => [name, service(name, origin)])) },
      { variant },
    );
  });
  afterAll(async () => {
    await gateway?.stop();
    for (const server of servers.values()) server.stop();
    await Promise.all([well?.stop(), authorization?.stop()]);
  });

  const ask = (service: string) => gateway.send({ target: `/${service}/1`, headers: ["Authorization: Bearer a"] });

  /** Checks that clients of another service are served. */
  async function othersAreServed(): Promise<void> {
    expect(await ask("well")).toMatchObject({ status: 200, body: "served" });
  }

  it.each(["down", "resets", "babbles", "leaves"])(
    "that %s causes a 502 with a reason and a line in the log",
    async (name) => {
      const response = await ask(name);
      expect([response.status, headerOf(response, "x-ebb-reason")]).toEqual([502, "upstream_unreachable"]);
      expect(response.body).toBe('{"error":"upstream_unreachable"}');
      await othersAreServed();
      expect(gateway.workerd.log()).toContain(`${name}: the upstream did not answer`);
      expect(await gateway.stats(name)).toMatchObject({ requests: 1, undecided: 0, failedOpen: 0 });
    },
  );

  it("that is down cannot flood the log", async () => {
    const linesBefore = gateway.workerd.log().split("\n").length;
    const startedMs = Date.now();
    for (let n = 0; n < 30; n += 1) expect((await ask("down")).status).toBe(502);
    const seconds = Math.ceil((Date.now() - startedMs) / 1_000);
    expect(gateway.workerd.log().split("\n").length - linesBefore).toBeLessThanOrEqual(seconds + 1);
  });

  it.each([
    ["errs", 500, "oops"],
    ["redirects", 302, ""],
    ["oversizes", 200, ""],
  ])("that %s has its response passed on unchanged", async (name, status, body) => {
    const response = await ask(name);
    expect([response.status, response.body, headerOf(response, "x-ebb-reason")]).toEqual([status, body, undefined]);
    await othersAreServed();
  });

  it("that closes before its promised length breaks the response off, so that it does not look complete", async () => {
    const response = await ask("promises");
    expect(headerOf(response, "content-length")).toBe("100");
    expect(response.body.length).toBeLessThan(100);
    await othersAreServed();
  });

  it("that sends more than its length has the rest cut off", async () => {
    const { status, body, bytes } = await ask("exceeds");
    expect([status, body]).toEqual([200, "body"]);
    expect(bytes).not.toContain("hidden");
    await othersAreServed();
  });

  it("that sends megabytes has all of them passed on", async () => {
    expect((await ask("floods")).body.length).toBe(HUGE);
    await othersAreServed();
  });

  it.each(["hangs", "drips"])(
    "that %s for ever does not delay others, and a started response ends when its client disconnects",
    async (name) => {
      const client = connect(gateway.port, "127.0.0.1");
      client.on("error", () => {});
      client.write(`GET /${name}/1 HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer a\r\n\r\n`);
      const server = servers.get(name)!;
      await expect.poll(() => server.connections, { timeout: 3_000 }).toBe(1);
      await othersAreServed();
      client.destroy();
      // workerd ends an unanswered call only when the Worker ends, whatever the Worker does.
      if (name !== "hangs") await expect.poll(() => server.open, { timeout: 3_000 }).toBe(0);
      await othersAreServed();
      expect(gateway.workerd.log()).not.toMatch(/uncaught exception|unhandled/i);
    },
  );
});
