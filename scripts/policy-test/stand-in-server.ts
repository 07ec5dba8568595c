import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { bytesOfText, textHeaders } from "./header-text.ts";

/** What the gateway sent to a server. */
export interface ReceivedRequest {
  /** Which binding or `outbound` it came through. */
  readonly via: string;
  readonly method: string;
  readonly url: URL;
  /** Names in lower case; repeated lines joined. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type StandInReply =
  | {
      readonly status: number;
      readonly headers: Readonly<Record<string, string | readonly string[]>>;
      readonly body: string | Uint8Array;
    }
  | "reset"
  | "hang";

/** One server in place of all that the gateway knows: upstreams, authorization servers, issuers. Listens on 127.0.0.1. */
export class StandInServer {
  readonly #server: Server;
  /** Header in which the runtime says through what a request came. */
  readonly viaHeader: string;

  private constructor(server: Server, viaHeader: string) {
    this.#server = server;
    this.viaHeader = viaHeader;
  }

  /** @param viaHeader a name that no client knows */
  static async start(
    viaHeader: string,
    answer: (request: ReceivedRequest) => Promise<StandInReply> | StandInReply,
  ): Promise<StandInServer> {
    // A request as to a proxy has its host in the request line.
    const server = createServer({ requireHostHeader: false }, (request, response) => {
      respond(request, response, viaHeader, answer).catch((error: unknown) => {
        response.destroy(error instanceof Error ? error : undefined);
      });
    });
    // The gateway's requests are as long as it allows.
    server.maxHeadersCount = 0;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(0, "127.0.0.1", resolve);
    });
    return new StandInServer(server, viaHeader);
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return address.port;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  viaHeader: string,
  answer: (request: ReceivedRequest) => Promise<StandInReply> | StandInReply,
): Promise<void> {
  const { [viaHeader]: via, ...headers } = textHeaders(request.headers);
  const body = await text(request);
  const reply = await answer({
    via: via ?? "",
    method: request.method ?? "",
    url: new URL(request.url ?? "/", "http://unknown.invalid"),
    headers,
    body,
  });
  if (reply === "hang") return;
  if (reply === "reset") {
    request.socket.resetAndDestroy();
    return;
  }
  for (const [name, value] of Object.entries(reply.headers)) response.setHeader(name, [value].flat().map(bytesOfText));
  response.writeHead(reply.status).end(request.method === "HEAD" ? undefined : reply.body);
}
