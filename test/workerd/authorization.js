// An authorization server that does what the token's first word says, and counts the checks of each token.
const checks = new Map();
/** Virtual time; the test sets it. */
let nowMs = 0;

export default {
  async fetch(request) {
    const url = new URL(request.url);
    if (url.pathname === "/checks") return Response.json(checks.get(url.searchParams.get("token")) ?? 0);
    if (url.pathname === "/clock") {
      nowMs = Number(url.searchParams.get("ms"));
      return new Response();
    }
    const token = (request.headers.get("authorization") ?? "").replace(/^Bearer /, "");
    checks.set(token, (checks.get(token) ?? 0) + 1);
    const [word, rest = ""] = token.split(/-(.*)/s);
    switch (word) {
      case "allow":
        return new Response("ok", { headers: { "x-user": rest } });
      case "big":
        return new Response("ok", { headers: { "x-user": rest, "x-profile": "p".repeat(2_000) } });
      // Allowed until the time in the second word.
      case "until":
        if (nowMs >= Number(rest.split("-")[0])) return new Response("no more", { status: 403 });
        return new Response("ok", { headers: { "x-user": rest.split("-")[1], "x-profile": "p".repeat(2_000) } });
      case "slow":
        await new Promise((resolve) => setTimeout(resolve, 200));
        return new Response("ok", { headers: { "x-user": rest } });
      case "hang":
        await new Promise((resolve) => setTimeout(resolve, 5_000));
        return new Response("late");
      case "brief":
        return new Response("ok", { headers: { "cache-control": "max-age=5" } });
      case "unstored":
        return new Response("ok", { headers: { "cache-control": "no-store" } });
      case "error":
        return new Response("sorry", { status: 500 });
      case "gone":
        return new Response("bad gateway", { status: 502 });
      case "redirect":
        return new Response(null, {
          status: 302,
          headers: [
            ["location", "https://login.example/"],
            ["set-cookie", "a=1"],
            ["set-cookie", "b=2"],
          ],
        });
      case "endless":
        return new Response(
          new ReadableStream({
            pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
          }),
        );
      case "deny":
        return new Response("no", { status: 403 });
      default:
        return new Response("who?", { status: 401, headers: { "www-authenticate": 'Bearer realm="test"' } });
    }
  },
};
