/**
 * The demo's upstream: reports the request that reached it, to show what the gateway adds and removes.
 *
 * Answers any request with JSON `{ method, url, headers, bodyBytes }`, and a WebSocket upgrade on any path with an echo.
 */
export default {
  async fetch(request: Request): Promise<Response> {
    if (request.headers.get("upgrade")?.toLowerCase() === "websocket") return echoWebSocket();
    return Response.json({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      bodyBytes: await countBytes(request.body),
    });
  },
};

/** Reads the body chunk by chunk: an upload of any size needs memory for only one chunk. */
async function countBytes(body: ReadableStream<Uint8Array> | null): Promise<number> {
  let bytes = 0;
  if (body !== null) for await (const piece of body) bytes += piece.byteLength;
  return bytes;
}

function echoWebSocket(): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.addEventListener("message", ({ data }) => server.send(data));
  return new Response(null, { status: 101, webSocket: client });
}
