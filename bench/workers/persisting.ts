import { defineGateway } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import { RPC_VERSION } from "../../durable/rpc.ts";
import { encodeAsk } from "../../durable/rpc-text.ts";
import { TIME_LIMITS } from "../../durable/runtime/time-limits.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** How far the gateway's clock is ahead. */
let aheadMs = 0;

/** A service that persists its decisions. */
const gateway = createGateway(
  defineGateway({
    services: {
      kept: {
        route: { prefix: "/kept" },
        upstream: { binding: "UPSTREAM" },
        filter,
        clusters: { auth: { binding: "AUTHORIZATION" } },
        authorization: {
          protocol: "forward-auth",
          cluster: "auth",
          path: "/check",
          uri: "none",
          upstreamHeaders: ["x-profile"],
        },
        cache: { maxTtlMs: 3_600_000, persist: true },
        restart: { policy: "never" },
      },
    },
  }),
  {
    nowMs: () => Date.now() + aheadMs,
    randomBytes: (into) => crypto.getRandomValues(into),
    limits: TIME_LIMITS,
  },
);

/**
 * `POST /ask?from=N&count=M` decides on M tokens, `POST /minute` moves the clock ahead by a minute, and `POST /leave`
 * makes the object leave memory.
 */
export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    const object = env.SERVICE_OBJECT.getByName("kept");
    const numberIn = (name: string): number => Number(searchParams.get(name));
    if (pathname === "/minute") {
      aheadMs += 61_000;
      return new Response();
    }
    if (pathname === "/leave") {
      await (object as unknown as { leave(): Promise<void> }).leave().catch(() => {});
      return new Response();
    }
    if (pathname !== "/ask") return gateway.worker.fetch!(request, env, ctx);
    const decided = Array.from({ length: numberIn("count") }, (_, n) =>
      object.decide(RPC_VERSION, requestOf(numberIn("from") + n)),
    );
    const allowed = (await Promise.all(decided)).filter((answer) => typeof answer === "string").length;
    return Response.json({ allowed });
  },
} satisfies ExportedHandler<Env>;

function requestOf(user: number): string {
  return encodeAsk({
    configVersion: "",
    serviceVersion: "",
    sentHeaders: "all",
    service: "kept",
    method: "GET",
    path: "/kept",
    query: "",
    host: "gateway.test",
    scheme: "https",
    headers: ["authorization", `Bearer user-${user}`],
    source: { address: "" },
    endOfStream: true,
    doneInWorker: [],
  });
}

export class ServiceObject extends gateway.ServiceObject {
  leave(): void {
    this.ctx.abort("it leaves memory");
  }
}
