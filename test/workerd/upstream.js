// Echoes the request, or does what the end of the path says. Counts the requests of each path. Accepts WebSockets on
// any path.
const seen = new Map();

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/seen") return Response.json(seen.get(searchParams.get("path")) ?? 0);
    seen.set(pathname, (seen.get(pathname) ?? 0) + 1);
    if (request.headers.get("upgrade") === "websocket") {
      const [client, server] = Object.values(new WebSocketPair());
      server.accept();
      server.addEventListener("message", ({ data }) => server.send(`echo ${data}`));
      return new Response(null, { status: 101, webSocket: client });
    }
    switch (pathname.split("/").at(-1)) {
      case "redirect":
        return Response.redirect("https://elsewhere.example/", 302);
      case "says": {
        // The caller chooses one header and the body of the response.
        const [name, value] = (searchParams.get("header") ?? "x-plain: yes").split(": ");
        return new Response(searchParams.get("body") ?? "said", { headers: { [name]: value } });
      }
      case "gzip":
        return new Response("compressed", { headers: { "content-encoding": "gzip" } });
      case "cookies":
        return new Response("cookies", {
          headers: [
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
          ],
        });
      case "empty":
        return new Response(null, { status: 204 });
      case "stream":
        return new Response(chunks(Number(searchParams.get("count") ?? 3), Number(searchParams.get("everyMs") ?? 20)));
      case "early":
        // Answers before reading the body.
        return new Response("early");
    }
    return Response.json({
      method: request.method,
      url: request.url,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
  },
};

function chunks(count, everyMs) {
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent === count) return controller.close();
      if (sent > 0) await new Promise((resolve) => setTimeout(resolve, everyMs));
      sent += 1;
      controller.enqueue(new TextEncoder().encode(`chunk ${sent}.`));
    },
  });
}
