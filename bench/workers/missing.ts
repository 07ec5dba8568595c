import { DurableObject } from "cloudflare:workers";
import { defineGateway } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import type { MissContender } from "../miss-contenders.ts";

/** The contender that this process runs. Set when the Worker is bundled. */
declare const CONTENDER: MissContender;
/** Exists with `--expose-gc`. */
declare const gc: () => void;

const gateway = createGateway(
  defineGateway({
    services: {
      ebb: {
        route: { prefix: "/" },
        upstream: { binding: "UPSTREAM" },
        filter,
        clusters: { auth: { binding: "AUTHORIZATION" } },
        authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", uri: "none" },
      },
    },
  }),
);

export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;

/** The least that an object does to ask a server about each token. */
export class PlainObject extends DurableObject<Env> {
  async decide(authorization: string): Promise<boolean> {
    const server = this.env.AUTHORIZATION as Fetcher;
    const request = () => new Request("https://auth/check", { headers: { authorization } });
    switch (CONTENDER) {
      case "fetch":
        return ended(await server.fetch(request()));
      case "fetch with signal, timer and listener": {
        const abort = new AbortController();
        const deadline = setTimeout(() => abort.abort(), 2_000);
        const aborted = new Promise<undefined>((resolve) =>
          abort.signal.addEventListener("abort", () => resolve(undefined), { once: true }),
        );
        const response = await Promise.race([server.fetch(new Request(request(), { signal: abort.signal })), aborted]);
        clearTimeout(deadline);
        return response !== undefined && ended(response);
      }
      default:
        return true;
    }
  }
}

async function ended(response: Response): Promise<boolean> {
  await response.arrayBuffer();
  return response.ok;
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/gc") {
      for (let n = 0; n < 5; n += 1) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return new Response();
    }
    if (CONTENDER === "ebb") return gateway.worker.fetch!(request, env, ctx);
    const objects = env.PLAIN_OBJECT as DurableObjectNamespace<PlainObject>;
    const allowed = await objects.getByName("plain").decide(request.headers.get("authorization") ?? "");
    return allowed ? (env.UPSTREAM as Fetcher).fetch(request) : new Response("", { status: 403 });
  },
} satisfies ExportedHandler<Env>;
