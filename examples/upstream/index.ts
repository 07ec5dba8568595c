/**
 * The demo's upstream: tells what reached it, so that one can see what the gateway adds and removes.
 *
 * Any request is answered with JSON `{ method, url, headers, bodyBytes }`; a WebSocket upgrade on any path gets an echo.
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

/** Reads the body piece by piece: an upload of any size needs the memory of one piece. */
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
