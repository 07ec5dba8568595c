import { connect } from "node:net";

/** A response as received. */
export interface RawResponse {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** Everything that was received, latin1. */
  readonly bytes: string;
}

/** A request whose every line the test chooses; no client library changes it. */
export interface RawRequestLines {
  readonly method?: string;
  readonly target: string;
  /** `Name: value`, latin1. `Host` and `Connection: close` are added if they are missing. */
  readonly headers?: readonly string[];
  /** Sent unchanged. No Content-Length is added. */
  readonly body?: string;
}

const TIMEOUT_MS = 10_000;

/**
 * Sends the bytes unchanged and reads until the response is complete or the server closes the connection.
 * @param leaveAfterMs when the client disconnects in any case; default: after 10 s without data
 */
export function sendBytes(port: number, bytes: string, leaveAfterMs?: number): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      received += text;
      if (isWhole(received, bytes.startsWith("HEAD "))) socket.destroy();
    });
    socket.on("close", () => resolve(parseResponse(received)));
    socket.on("error", reject);
    socket.write(Buffer.from(bytes, "latin1"));
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    if (leaveAfterMs !== undefined) setTimeout(() => socket.destroy(), leaveAfterMs);
  });
}

export function sendRequest(
  port: number,
  { method = "GET", target, headers = [], body = "" }: RawRequestLines,
  leaveAfterMs?: number,
) {
  const has = (name: string) => headers.some((line) => line.toLowerCase().startsWith(`${name}:`));
  const lines = [`${method} ${target} HTTP/1.1`, ...(has("host") ? [] : ["Host: api.example"]), ...headers];
  if (!has("connection")) lines.push("Connection: close");
  return sendBytes(port, `${lines.join("\r\n")}\r\n\r\n${body}`, leaveAfterMs);
}

/** The first value of a header of a response. */
export function headerOf({ headers }: Pick<RawResponse, "headers">, name: string): string | undefined {
  return headers.find(([sent]) => sent.toLowerCase() === name)?.[1];
}

/** Whether the response is complete, even if the connection stays open. */
function isWhole(received: string, isHead: boolean): boolean {
  const response = received.replace(/^HTTP\/1\.1 100 .*\r\n\r\n/, "");
  const headEnd = response.indexOf("\r\n\r\n");
  if (headEnd < 0) return false;
  const head = response.slice(0, headEnd);
  if (isHead || /^HTTP\/1\.1 (?:101|204|304)/.test(head)) return true;
  if (/^transfer-encoding: *chunked/im.test(head)) return response.endsWith("\r\n0\r\n\r\n");
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  return length !== undefined && response.length >= headEnd + 4 + Number(length);
}

function parseResponse(bytes: string): RawResponse {
  const headEnd = bytes.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = bytes.slice(0, headEnd < 0 ? bytes.length : headEnd).split("\r\n");
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const rest = headEnd < 0 ? "" : bytes.slice(headEnd + 4);
  const isChunked = /^chunked$/i.test(headerOf({ headers }, "transfer-encoding") ?? "");
  return { status: Number(statusLine.slice(9, 12)), headers, body: isChunked ? joinChunks(rest) : rest, bytes };
}

function joinChunks(text: string): string {
  let body = "";
  for (let at = 0; ; ) {
    const lineEnd = text.indexOf("\r\n", at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) return body;
    body += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 2 + size + 2;
  }
}
