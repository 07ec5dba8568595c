/** Stands in for your authorization server while you develop: token introspection (RFC 7662) with two tokens. */
import { createServer } from "node:http";

const TOKENS = {
  "token-of-ann": { sub: "ann", scope: "orders:read orders:write" },
  "token-of-bob": { sub: "bob", scope: "orders:read" },
};
const CLIENT = `Basic ${btoa("gateway:for-development-only")}`;
const port = Number(process.env.AUTH_PORT ?? 9000);

createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/oauth/introspect") return response.writeHead(404).end();
  if (request.headers.authorization !== CLIENT) return response.writeHead(401).end();
  let body = "";
  for await (const chunk of request) body += chunk;
  const token = new URLSearchParams(body).get("token") ?? "";
  const claims = Object.hasOwn(TOKENS, token) ? { active: true, aud: "orders-api", ...TOKENS[token] } : { active: false };
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(claims));
}).listen(port, "127.0.0.1", function () {
  console.log(`authorization server on http://127.0.0.1:${this.address().port}`);
});
