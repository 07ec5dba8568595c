// Echoes what arrived; accepts WebSockets on any path.
export default {
  async fetch(request) {
    if (request.headers.get("upgrade") === "websocket") {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.addEventListener("message", ({ data }) => server.send(`echo ${data}`));
      return new Response(null, { status: 101, webSocket: client });
    }
    if (new URL(request.url).pathname.endsWith("/redirect")) return Response.redirect("https://elsewhere.example/", 302);
    return Response.json({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
  },
};
