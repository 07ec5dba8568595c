import { defineGateway } from "../../config/index.ts";
import { type DirectoryQuery, REPORT_VERSION } from "../../durable/directory/directory-rpc.ts";
import { directoryObject, type Env } from "../../durable/environment.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";
import { resetIfAsked } from "../security/reset.ts";
import growing from "../workerd/guests/build/growing.wasm";
import unstartable from "../workerd/guests/build/unstartable.wasm";

/** Origins of the servers. Set when the Worker is bundled. */
declare const UPSTREAM: string;
declare const AUTHORIZATION: string;
declare const ISSUER: string;

const upstream = { url: UPSTREAM };
const auth = { url: AUTHORIZATION };
const authorization = { protocol: "forward-auth", cluster: "auth", path: "/check" } as const;

const gateway = createGateway(
  defineGateway({
    services: {
      orders: { route: { prefix: "/orders" }, upstream, filter, clusters: { auth }, authorization },
      twoServers: {
        ...{ route: { prefix: "/two-servers" }, upstream, filter, authorization },
        clusters: { auth, tokens: { url: AUTHORIZATION, concurrency: 2 } },
        cache: { persist: true },
      },
      tokens: {
        ...{ route: { prefix: "/tokens" }, upstream, filter },
        authorization: { protocol: "jwt", issuers: [{ issuer: ISSUER, audience: "orders-api" }] },
      },
      other: { route: { prefix: "/other" }, upstream, filter: growing, configuration: "" },
      broken: { route: { prefix: "/broken" }, upstream, filter: unstartable, configuration: "" },
      unused: { route: { prefix: "/unused" }, upstream, filter, clusters: { auth }, authorization },
    },
  }),
);

/** Names of the objects that came into memory, in order. */
const objects: string[] = [];

/** What the directory does when it is read: answer, or be reset once, fail, or never answer. */
let fault: "none" | "reset" | "failing" | "silent" = "none";

/** The object, with a method to reset it; says when it comes into memory. */
export class ServiceObject extends gateway.ServiceObject {
  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    objects.push(state.id.name ?? "");
  }

  async resetNow(reason: string): Promise<void> {
    this.ctx.abort(reason);
  }

  override async readDirectory(version: number, query: DirectoryQuery) {
    if (fault === "failing") throw new Error("out of order");
    if (fault === "silent") await new Promise(() => {});
    if (fault === "reset") {
      fault = "none";
      this.ctx.abort("a new deployment");
    }
    return super.readDirectory(version, query);
  }
}

/** Tells the directory the figures of `orders` as those of a service that an earlier configuration had. */
async function tellOfAnother(env: Env, name: string): Promise<Response> {
  const { entries } = await directoryObject(env).readDirectory(REPORT_VERSION, { services: ["orders"] });
  const { report, isolate, filterMetrics } = entries[0]!;
  await directoryObject(env).tell(REPORT_VERSION, { report: { ...report, name }, isolate, filterMetrics } as never);
  return new Response();
}

export const AuthorizationCalls = gateway.AuthorizationCalls;

export default {
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/__objects") return Response.json(objects);
    if (pathname === "/__tell") return tellOfAnother(env, searchParams.get("service") ?? "");
    if (pathname === "/__fault") {
      fault = searchParams.get("is") as typeof fault;
      return new Response();
    }
    return (await resetIfAsked(request, env)) ?? gateway.worker.fetch!(request, env, ctx);
  },
} satisfies ExportedHandler<Env>;
