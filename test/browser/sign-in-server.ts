import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createRemoteJWKSet, jwtVerify } from "jose";

/**
 * A forward-auth server that signs people in, as oauth2-proxy, Authelia and authentik do: a check for the gateway, and pages below
 * `/auth` for the browser, which the gateway passes on without a decision. It is a client of an OpenID provider.
 */
export class SignInServer {
  /** How it reaches the provider, and what the provider knows of it. */
  provider: { readonly issuer: string; readonly clientId: string; readonly clientSecret: string } | undefined;
  /** The application's, as browsers see it; the only one that a login leads back to. */
  publicOrigin = "";
  /** A session this old is renewed by the next check. */
  renewAfterMs = Number.POSITIVE_INFINITY;
  sessionMs = 60 * 60_000;
  /** What was asked about, and the answers. */
  readonly checks: { readonly uri: string; readonly hasSession: boolean; readonly status: number }[] = [];
  readonly #server: Server;
  readonly #key = randomBytes(32);
  /** Id tokens of those who are signed in, by their subjects. */
  readonly #idTokens = new Map<string, string>();

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async start(): Promise<SignInServer> {
    const server = new SignInServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.origin);
    switch (url.pathname) {
      case "/check":
        return this.#check(request, response);
      case "/auth/start":
        return this.#begin(url, response);
      case "/auth/callback":
        return this.#finish(url, request, response);
      case "/auth/sign_out":
        return this.#signOut(request, response);
      default:
        response.writeHead(404).end();
    }
  }

  #check({ headers }: IncomingMessage, response: ServerResponse): void {
    const uri = String(headers["x-forwarded-uri"] ?? "");
    const session = this.#opened(cookieIn(headers.cookie, "session"));
    const end = (status: number, sent: Record<string, string> = {}) => {
      this.checks.push({ uri, hasSession: session !== undefined, status });
      response.writeHead(status, sent).end();
    };
    if (session !== undefined) {
      const isOld = Date.now() - Number(session.sinceMs) >= this.renewAfterMs;
      const renewed: Record<string, string> = isOld ? { "set-cookie": this.#sessionCookie(String(session.sub)) } : {};
      end(200, { "x-user": String(session.sub), ...renewed });
    } else if (headers["x-requested-with"] === "XMLHttpRequest" || !headers.accept?.includes("text/html")) {
      end(401);
    } else {
      const page = `${headers["x-forwarded-proto"]}://${headers["x-forwarded-host"]}${uri}`;
      const start = new URL("/auth/start", this.publicOrigin);
      start.searchParams.set("rd", this.#returnAddress(page));
      end(302, { location: start.href });
    }
  }

  #begin(url: URL, response: ServerResponse): void {
    const { issuer, clientId } = this.#known;
    const state = randomBytes(16).toString("base64url");
    const verifier = randomBytes(32).toString("base64url");
    const returnTo = this.#returnAddress(url.searchParams.get("rd") ?? "");
    const login = new URL("/auth", issuer);
    login.search = new URLSearchParams({
      client_id: clientId,
      response_type: "code",
      scope: "openid",
      redirect_uri: this.#callback,
      state,
      code_challenge: createHash("sha256").update(verifier).digest("base64url"),
      code_challenge_method: "S256",
    }).toString();
    const sealed = this.#sealed({ state, verifier, returnTo, untilMs: Date.now() + 600_000 });
    response
      .writeHead(302, { location: login.href, "set-cookie": `login=${sealed}; Path=/auth; HttpOnly; SameSite=Lax` })
      .end();
  }

  async #finish(url: URL, { headers }: IncomingMessage, response: ServerResponse): Promise<void> {
    const { issuer, clientId, clientSecret } = this.#known;
    const login = this.#opened(cookieIn(headers.cookie, "login"));
    if (login === undefined || url.searchParams.get("state") !== login.state) {
      response.writeHead(403).end("this login was not begun here");
      return;
    }
    const reply = await fetch(new URL("/token", issuer), {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${clientId}:${encodeURIComponent(clientSecret)}`)}` },
      body: new URLSearchParams({
        grant_type: "authorization_code",
        code: url.searchParams.get("code") ?? "",
        redirect_uri: this.#callback,
        code_verifier: String(login.verifier),
      }),
    });
    const { id_token: idToken } = (await reply.json()) as { id_token: string };
    const keys = createRemoteJWKSet(new URL("/jwks", issuer));
    const { payload } = await jwtVerify(idToken, keys, { issuer, audience: clientId });
    this.#idTokens.set(String(payload.sub), idToken);
    response
      .writeHead(302, {
        location: String(login.returnTo),
        "set-cookie": [this.#sessionCookie(String(payload.sub)), "login=; Path=/auth; Max-Age=0"],
      })
      .end();
  }

  #signOut({ headers }: IncomingMessage, response: ServerResponse): void {
    const session = this.#opened(cookieIn(headers.cookie, "session"));
    const end = new URL("/session/end", this.#known.issuer);
    end.search = new URLSearchParams({
      id_token_hint: this.#idTokens.get(String(session?.sub)) ?? "",
      post_logout_redirect_uri: `${this.publicOrigin}/app/bye`,
    }).toString();
    response.writeHead(302, { location: end.href, "set-cookie": "session=; Path=/; Max-Age=0" }).end();
  }

  get #known() {
    if (this.provider === undefined) throw new Error("the server has no provider yet");
    return this.provider;
  }

  get #callback(): string {
    return `${this.publicOrigin}/auth/callback`;
  }

  /** The address if it is one of the application's, else its start page. */
  #returnAddress(address: string): string {
    const isPath = /^\/(?![/\\])/.test(address);
    const url = URL.canParse(address, this.publicOrigin) ? new URL(address, this.publicOrigin) : undefined;
    const isOwn = url?.origin === this.publicOrigin && (isPath || address.startsWith(`${this.publicOrigin}/`));
    return isOwn ? url.href : `${this.publicOrigin}/app/`;
  }

  #sessionCookie(sub: string): string {
    const now = Date.now();
    const sealed = this.#sealed({ sub, sinceMs: now, untilMs: now + this.sessionMs });
    return `session=${sealed}; Path=/; Max-Age=3600; HttpOnly; SameSite=Lax`;
  }

  #sealed(content: Record<string, string | number>): string {
    const text = Buffer.from(JSON.stringify({ ...content, nonce: randomBytes(4).toString("hex") })).toString(
      "base64url",
    );
    return `${text}.${this.#signature(text)}`;
  }

  /** Undefined if it was not made here, or its time is over. */
  #opened(sealed: string | undefined): Record<string, unknown> | undefined {
    const [text = "", signature = ""] = (sealed ?? "").split(".");
    const expected = Buffer.from(this.#signature(text));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
    const content = JSON.parse(Buffer.from(text, "base64url").toString()) as Record<string, unknown>;
    return Number(content.untilMs) > Date.now() ? content : undefined;
  }

  #signature(text: string): string {
    return createHmac("sha256", this.#key).update(text).digest("base64url");
  }
}

function cookieIn(cookies: string | undefined, name: string): string | undefined {
  return cookies
    ?.split("; ")
    .find((pair) => pair.startsWith(`${name}=`))
    ?.slice(name.length + 1);
}
