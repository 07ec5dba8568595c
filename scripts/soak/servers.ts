import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Reference } from "./reference.ts";
import { ADMIN_SCOPE } from "./services.ts";

/** Temporary faults of the authorization server. */
export const AUTHORIZATION_FAULTS = ["slow", "garbage", "reset", "500", "503", "silent"] as const;
export type AuthorizationFault = (typeof AUTHORIZATION_FAULTS)[number];

const SLOW_MS = 300;

/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export function userOf(token: string): string {
  return `user-${token}`;
}

/** Whether a token has `ADMIN_SCOPE`: every second token does. */
export function isAdmin(token: string): boolean {
  return /[02468]$/.test(token);
}

/** Gives the reference's answers by forward-auth, introspection, OPA or AuthZEN, depending on the path. */
export class AuthorizationServer {
  fault: AuthorizationFault | undefined;
  readonly #reference: Reference;
  readonly #server: Server;

  constructor(reference: Reference) {
    this.#reference = reference;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  start(): Promise<number> {
    return listening(this.#server);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    const { fault } = this;
    if (fault === "reset") return void request.socket.resetAndDestroy();
    if (fault === "silent") return;
    if (fault === "garbage") return void request.socket.end("this is not HTTP\r\n\r\n");
    if (fault === "500" || fault === "503") return void response.writeHead(Number(fault)).end("sorry");
    if (fault === "slow") await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    switch (new URL(request.url ?? "/", "http://server").pathname) {
      case "/introspect": {
        const token = new URLSearchParams(body).get("token") ?? "";
        const scope = isAdmin(token) ? `read ${ADMIN_SCOPE}` : "read";
        return json(
          response,
          this.#reference.isAllowed(token) ? { active: true, sub: userOf(token), scope } : { active: false },
        );
      }
      case "/opa": {
        const token = String((JSON.parse(body || "{}") as { input?: { token?: string } }).input?.token ?? "");
        const allow = this.#reference.isAllowed(token);
        return json(response, { result: { allow, headers: allow ? { "x-user": userOf(token) } : {} } });
      }
      case "/authzen": {
        const token = String((JSON.parse(body || "{}") as { subject?: { id?: string } }).subject?.id ?? "");
        const decision = this.#reference.isAllowed(token);
        return json(response, { decision, context: decision ? { headers: { "x-user": userOf(token) } } : {} });
      }
      default: {
        const token = (request.headers.authorization ?? "").replace("Bearer ", "");
        const isAllowed = this.#reference.isAllowed(token);
        response.writeHead(isAllowed ? 200 : 403, isAllowed ? { "x-user": userOf(token) } : {});
        // Junk tokens get a large page, which must not push good decisions out of the cache.
        return void response.end(token.startsWith("junk") ? "x".repeat(6_000) : "");
      }
    }
  }
}

/** A request as it reached the upstream. */
export interface Served {
  readonly method: string;
  readonly target: string;
  /** The host that the client requested. */
  readonly host: string | undefined;
  readonly user: string | undefined;
  /** The request's bearer token. */
  readonly token: string | undefined;
  readonly body: string;
}

/** Keeps each request by its id until `take` returns it. */
export class UpstreamServer {
  isBroken = false;
  /** Requests without an id: no client of the soak sends one. */
  strangers = 0;
  readonly #served = new Map<string, Served[]>();
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request, socket) => {
      socket.on("error", () => {});
      if (this.isBroken) return void socket.destroy();
      this.#note(request, "");
      const key = createHash("sha1")
        .update(`${request.headers["sec-websocket-key"]}${WEBSOCKET_GUID}`)
        .digest("base64");
      const lines = ["Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${key}`];
      // A close frame follows at once, so that no socket stays open.
      socket.end(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n\x88\x00`, "latin1"));
    });
  }

  start(): Promise<number> {
    return listening(this.#server);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Returns and removes the requests served with this id. */
  take(id: string): readonly Served[] {
    const served = this.#served.get(id) ?? [];
    this.#served.delete(id);
    return served;
  }

  /** Requests that were served but not taken: at the end there must be none. */
  get remaining(): number {
    return this.#served.size;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request);
    if (this.isBroken) return void request.socket.resetAndDestroy();
    this.#note(request, body);
    response.end("served");
  }

  #note({ method = "", url = "", headers }: IncomingMessage, body: string): void {
    const id = headers["x-soak-id"];
    if (typeof id !== "string") {
      this.strangers += 1;
      return;
    }
    const served = this.#served.get(id) ?? [];
    const user = headers["x-user"];
    const token = headers.authorization?.replace(/^Bearer /, "");
    const host = headers["x-forwarded-host"];
    served.push({
      method,
      target: url,
      host: typeof host === "string" ? host : undefined,
      user: typeof user === "string" ? user : undefined,
      token,
      body,
    });
    this.#served.set(id, served);
  }
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  try {
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
  } catch {
    // The client disconnected; its request is ignored.
  }
  return text;
}

function listening(server: Server): Promise<number> {
  server.keepAliveTimeout = 60_000;
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new Error("the server does not listen");
      resolve(address.port);
    }),
  );
}
