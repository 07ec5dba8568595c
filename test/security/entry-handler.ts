import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import { Hono } from "hono";
import { AutoRouter, type IRequest } from "itty-router";
import { defineGateway, identity, secret } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** A Worker that protects its own apps. Nothing but SERVICE_OBJECT and its class is bound, and no entrypoint is exported. */

/** Origins of the servers. Set when the Worker is bundled. */
declare const AUTHORIZATION_ORIGIN: string;
declare const ISSUER_ORIGIN: string;

const NAMES = { user: "x-user", roles: { header: "x-roles", separator: "," } } as const;

interface Answer {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

async function echo(request: Request): Promise<Answer> {
  const { method, url, headers } = request;
  return { method, url, headers: [...headers], body: await request.text() };
}

const hono = new Hono<{ Bindings: Env }>()
  .get("/hono/who", (c) => c.json(identity(c.req.raw, NAMES)))
  .get("/hono/throws", () => {
    throw new Error("caught by Hono");
  })
  .get("/hono/context", async (c) => {
    c.executionCtx.waitUntil(Promise.resolve());
    c.executionCtx.passThroughOnException();
    return c.json({ secret: c.env.OF_THE_APP, hasCf: c.req.raw.cf !== undefined });
  })
  .all("/hono/*", async (c) => c.json(await echo(c.req.raw)));

const itty = AutoRouter({ base: "/itty" })
  .get("/who", (request: IRequest) => identity(request, NAMES))
  .all("*", (request: IRequest) => echo(request as unknown as Request));

/** What a careless handler does, by the last segment of the path. */
const careless: ExportedHandler<Env> = {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    switch (pathname.slice(pathname.lastIndexOf("/") + 1)) {
      case "throws":
        throw new TypeError(`a secret: ${request.headers.get("authorization")}`);
      case "throws-text":
        throw `a secret: ${request.headers.get("authorization")}`;
      case "passes-through":
        ctx.passThroughOnException();
        throw new Error("and now the origin?");
      case "nothing":
        return undefined as unknown as Response;
      case "object":
        return { status: 200 } as unknown as Response;
      case "error":
        return Response.error();
      case "used": {
        const response = new Response("once");
        await response.text();
        return response;
      }
      case "locked": {
        const response = new Response("once");
        response.body?.getReader();
        return response;
      }
      case "hangs":
        return new Promise<Response>(() => {});
      case "waits":
        await new Promise((resolve) => setTimeout(resolve, 60_000));
        return new Response("late");
      case "redirects":
        return Response.redirect("https://elsewhere.example/", 302);
      case "streams":
        return new Response(streamed());
      case "breaks":
        return new Response(streamed(new Error("broken")));
      case "back":
        return new Response(request.body);
      case "live":
      case "unasked":
        return live();
      case "reads-twice":
        await request.text();
        return new Response(await request.text());
      case "same":
        same ??= new Response("once");
        return same;
      case "entrypoint":
        return new AppEntrypoint(ctx, env).fetch();
      case "fetches":
        return (await exportedObject(env)).fetch(request);
      default:
        return Response.json(await echo(request));
    }
  },
};

/** For every request, though a response can be sent once only. */
let same: Response | undefined;

/** Handlers of one service each: services that share one protect each other's headers. */
const reported = { fetch: async (request: Request) => Response.json(await echo(request)) };
const replaced = { fetch: async (request: Request) => Response.json(await echo(request)) };

/** Two chunks, and then the end or an error. */
function streamed(error?: Error): ReadableStream {
  const chunks = ["first ", "second"];
  return new ReadableStream({
    async pull(controller) {
      const chunk = chunks.shift();
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (chunk !== undefined) controller.enqueue(new TextEncoder().encode(chunk));
      else if (error === undefined) controller.close();
      else controller.error(error);
    },
  });
}

function live(): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(`echo ${data}`));
  return new Response(null, { status: 101, webSocket: client });
}

/** An object of the app, beside the gateway's. */
async function exportedObject(env: Env): Promise<Fetcher> {
  const namespace = env.APP_OBJECT as DurableObjectNamespace;
  return namespace.getByName("only");
}

/** The app as a class, as an existing Worker may export it. */
class AppEntrypoint extends WorkerEntrypoint<Env> {
  override async fetch(): Promise<Response> {
    this.ctx.waitUntil(Promise.resolve());
    return Response.json({ secret: this.env.OF_THE_APP });
  }
}

export class AppObject extends DurableObject<Env> {
  override async fetch(request: Request): Promise<Response> {
    return Response.json(await echo(request));
  }
}

const forwardAuth = {
  filter,
  clusters: { auth: { url: AUTHORIZATION_ORIGIN } },
  authorization: {
    protocol: "forward-auth",
    cluster: "auth",
    path: "/check",
    upstreamHeaders: ["x-user", "x-roles"],
  },
} as const;

const jwt = {
  protocol: "jwt",
  issuers: [{ issuer: ISSUER_ORIGIN, audience: "orders-api" }],
  upstreamClaims: { sub: "x-user", roles: "x-roles" },
} as const;

const gateway = createGateway(
  defineGateway({
    services: {
      hono: {
        ...forwardAuth,
        route: { prefix: "/hono" },
        upstream: { handler: hono },
        rules: [{ path: "/hono/open", public: true }],
      },
      itty: { route: { prefix: "/itty" }, upstream: { handler: itty }, authorization: jwt },
      careless: { ...forwardAuth, route: { prefix: "/careless" }, upstream: { handler: careless } },
      stripped: { ...forwardAuth, route: { prefix: "/stripped", stripPrefix: true }, upstream: { handler: careless } },
      reports: {
        ...forwardAuth,
        route: { prefix: "/reports" },
        upstream: { handler: reported },
        enforcement: { mode: "report-only", until: "2999-01-01" },
        upstreamAuthorization: "remove",
      },
      replaced: {
        ...forwardAuth,
        route: { prefix: "/replaced" },
        upstream: { handler: replaced },
        preflight: "pass",
        upstreamAuthorization: { replace: secret("UPSTREAM_AUTHORIZATION") },
        credentials: [
          { from: "query", name: "token" },
          { from: "authorization", schemes: ["Bearer"] },
        ],
        rules: [{ path: "/replaced/open", public: true }],
      },
      bound: { ...forwardAuth, route: { prefix: "/bound" }, upstream: { binding: "UPSTREAM" } },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
