import { DurableObject } from "cloudflare:workers";

interface Env {
  readonly UPSTREAM: Fetcher;
  readonly AUTHORIZATION: Fetcher;
  readonly ASKING: DurableObjectNamespace<Asking>;
}

/** Asks the authorization server each time, and keeps nothing. */
export class Asking extends DurableObject<Env> {
  async decide(token: string): Promise<string | null> {
    const reply = await this.env.AUTHORIZATION.fetch("https://auth/check", { headers: { authorization: token } });
    await reply.arrayBuffer();
    return reply.ok ? (reply.headers.get("x-user") ?? "") : null;
  }
}

export default {
  async fetch(request, env) {
    const user = await env.ASKING.getByName("orders").decide(request.headers.get("authorization") ?? "");
    if (user === null) return new Response(null, { status: 403 });
    const allowed = new Request(request);
    allowed.headers.set("x-user", user);
    return env.UPSTREAM.fetch(allowed);
  },
} satisfies ExportedHandler<Env>;
