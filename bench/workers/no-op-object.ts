import { DurableObject } from "cloudflare:workers";

/** The least that a gateway with an object costs: one RPC that does nothing, then the request is passed on. */
export class NoOp extends DurableObject {
  decide(): boolean {
    return true;
  }
}

export default {
  async fetch(request, env) {
    const allowed = await env.NO_OP.getByName("orders").decide();
    return allowed ? env.UPSTREAM.fetch(request) : new Response(null, { status: 403 });
  },
} satisfies ExportedHandler<{ UPSTREAM: Fetcher; NO_OP: DurableObjectNamespace<NoOp> }>;
