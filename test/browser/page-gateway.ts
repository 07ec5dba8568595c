import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type SecurityGateway, startGateway } from "../security/start-gateway.ts";

/** A gateway with its servers, and traffic through it. */
export interface PageGateway {
  readonly origin: string;
  /** How long the authorization server takes, and what it answers. */
  readonly authorization: { delayMs: number; status: number };
  /** Sends so many requests to a service, each with a token of its own. */
  send(service: string, requests: number): Promise<void>;
  /** Waits until the page has figures of these services. */
  figuresOf(...services: string[]): Promise<void>;
  stop(): Promise<void>;
}

export async function startPageGateway(services: readonly string[]): Promise<PageGateway> {
  const authorization = { delayMs: 0, status: 200 };
  const server = createServer((request, response) => {
    const isRevoked = request.headers.authorization?.includes("revoked") ?? false;
    setTimeout(() => response.writeHead(isRevoked ? 403 : authorization.status).end(), authorization.delayMs);
  });
  const upstream = createServer((_, response) => response.end("served"));
  const [auth, up] = await Promise.all([originOf(server), originOf(upstream)]);
  const gateway: SecurityGateway = await startGateway({
    services: Object.fromEntries(
      services.map((name) => [
        name,
        {
          route: { prefix: `/${name}` },
          upstream: { url: up },
          clusters: { auth: { url: auth, timeoutMs: 2_000 } },
          authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
          restart: { sampleIntervalMs: 1_000 },
        },
      ]),
    ),
  });
  const origin = `http://localhost:${gateway.port}`;
  let tokens = 0;
  return {
    origin,
    authorization,
    async send(service, requests) {
      for (let n = 0; n < requests; n += 1) {
        tokens += 1;
        const name = tokens % 10 === 0 ? "revoked" : "user";
        const headers: Record<string, string> = tokens % 7 === 0 ? {} : { authorization: `Bearer ${name}-${tokens}` };
        const response = await fetch(`${origin}/${service}/${n}`, { headers });
        await response.arrayBuffer();
      }
    },
    async figuresOf(...names) {
      const untilMs = Date.now() + 60_000;
      while (Date.now() < untilMs) {
        const response = await fetch(`${origin}/stats`);
        const { services: entries } = (await response.json()) as { services: { name: string; atMs?: number }[] };
        const known = entries.filter(({ atMs }) => atMs !== undefined).map(({ name }) => name);
        if (names.every((name) => known.includes(name))) return;
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      throw new Error(`the directory has no figures of ${names.join(", ")}`);
    },
    async stop() {
      await gateway.stop();
      for (const each of [server, upstream]) {
        each.closeAllConnections();
        each.close();
      }
    },
  };
}

async function originOf(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
