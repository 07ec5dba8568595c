import { createServer, type Server, type Socket } from "node:net";

/** A request as received: nothing is decoded, joined or reordered. */
export interface RawRequest {
  readonly method: string;
  readonly target: string;
  /** One entry for each line, in order, names and values as sent. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
  /** Number of earlier requests on the same connection. */
  readonly earlier: number;
}

export type RawReply =
  | {
      readonly status?: number;
      readonly headers?: readonly (readonly [name: string, value: string])[];
      readonly body?: string;
    }
  /** Bytes to send unchanged; the server then closes the connection. */
  | Buffer
  | "hang"
  | "reset";

/** The values of one header, one for each line. */
export function linesOf({ headers }: Pick<RawRequest, "headers">, name: string): string[] {
  return headers.filter(([sent]) => sent.toLowerCase() === name).map(([, value]) => value);
}

/** A server on a bare socket. It records the exact bytes that the gateway sent, and can send invalid replies. */
export class RawServer {
  readonly requests: RawRequest[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #hanging = new Set<Socket>();

  private constructor(answer: (request: RawRequest) => RawReply | Promise<RawReply>) {
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket
        .on("error", () => {})
        .on("close", () => {
          this.#sockets.delete(socket);
          this.#hanging.delete(socket);
        });
      serve(socket, async (request) => {
        this.requests.push(request);
        const reply = await answer(request);
        if (reply === "hang" && !socket.destroyed) this.#hanging.add(socket);
        return reply;
      });
    });
  }

  static async start(answer: (request: RawRequest) => RawReply | Promise<RawReply>): Promise<RawServer> {
    const server = new RawServer(answer);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the server does not listen");
    return address.port;
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Open connections on which a request hangs. */
  get hanging(): number {
    return this.#hanging.size;
  }

  /** Closes every connection. Otherwise the gateway would use idle ones again. */
  disconnect(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.disconnect();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Answers the requests of one connection in order. */
function serve(socket: Socket, answer: (request: RawRequest) => RawReply | Promise<RawReply>): void {
  let unread: Buffer = Buffer.alloc(0);
  let busy = false;
  let earlier = 0;
  const proceed = async (): Promise<void> => {
    if (busy) return;
    const parsed = parseRequest(unread);
    if (parsed === undefined) return;
    busy = true;
    unread = unread.subarray(parsed.size);
    const reply = await answer({ ...parsed.request, earlier });
    earlier += 1;
    if (reply === "reset") socket.resetAndDestroy();
    else if (Buffer.isBuffer(reply)) socket.end(reply);
    else if (reply !== "hang") socket.write(replyBytes(reply, parsed.request.method));
    busy = false;
    if (reply !== "hang") await proceed();
  };
  socket.on("data", (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk]);
    void proceed();
  });
}

function replyBytes({ status = 200, headers = [], body = "" }: Exclude<RawReply, Buffer | string>, method: string) {
  const bytes = Buffer.from(body);
  const lines = [`HTTP/1.1 ${status} Status`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (status >= 200 && status !== 204 && status !== 304) lines.push(`content-length: ${bytes.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
  return method === "HEAD" ? head : Buffer.concat([head, bytes]);
}

/** The first request in the bytes, or undefined if it is incomplete. */
function parseRequest(bytes: Buffer): { request: Omit<RawRequest, "earlier">; size: number } | undefined {
  const headEnd = bytes.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const [requestLine = "", ...lines] = bytes.subarray(0, headEnd).toString("latin1").split("\r\n");
  const [method = "", target = ""] = requestLine.split(" ");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const bodyStart = headEnd + 4;
  const body = linesOf({ headers }, "transfer-encoding").includes("chunked")
    ? chunkedBody(bytes, bodyStart)
    : sizedBody(bytes, bodyStart, Number(linesOf({ headers }, "content-length")[0] ?? 0));
  return body && { request: { method, target, headers, body: body.body }, size: body.end };
}

function sizedBody(bytes: Buffer, start: number, size: number): { body: Buffer; end: number } | undefined {
  return bytes.length < start + size ? undefined : { body: bytes.subarray(start, start + size), end: start + size };
}

function chunkedBody(bytes: Buffer, start: number): { body: Buffer; end: number } | undefined {
  const chunks: Buffer[] = [];
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf("\r\n", at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString("latin1"), 16);
    const chunkStart = lineEnd + 2;
    if (bytes.length < chunkStart + size + 2) return undefined;
    chunks.push(bytes.subarray(chunkStart, chunkStart + size));
    at = chunkStart + size + 2;
    if (size === 0) return { body: Buffer.concat(chunks), end: at };
  }
}
