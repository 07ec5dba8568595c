import { DurableObject } from "cloudflare:workers";

interface Env {
  readonly UPSTREAM: Fetcher;
  readonly AUTHORIZATION: Fetcher;
  readonly DECISIONS: DurableObjectNamespace<Decisions>;
}

interface Decision {
  /** Null if the token is refused. */
  readonly user: string | null;
  readonly untilMs: number;
}

const TTL_MS = 300_000;

/** What a good engineer writes in an hour: an object with a Map of decisions, each kept for a TTL. It checks nothing else. */
export class Decisions extends DurableObject<Env> {
  readonly #decisions = new Map<string, Decision>();

  async decide(token: string): Promise<string | null> {
    const known = this.#decisions.get(token);
    if (known !== undefined && known.untilMs > Date.now()) return known.user;
    const reply = await this.env.AUTHORIZATION.fetch("https://auth/check", { headers: { authorization: token } });
    await reply.arrayBuffer();
    const user = reply.ok ? (reply.headers.get("x-user") ?? "") : null;
    this.#decisions.set(token, { user, untilMs: Date.now() + TTL_MS });
    return user;
  }
}

export default {
  async fetch(request, env) {
    const token = request.headers.get("authorization");
    if (token === null) return new Response(null, { status: 401 });
    const user = await env.DECISIONS.getByName("orders").decide(token);
    if (user === null) return new Response(null, { status: 403 });
    const allowed = new Request(request);
    allowed.headers.set("x-user", user);
    return env.UPSTREAM.fetch(allowed);
  },
} satisfies ExportedHandler<Env>;
