/** Stands in for the server that the filter asks, while you develop: ann may do everything, bob may read. */
import { createServer } from "node:http";

const USERS = { "Bearer token-of-ann": "ann", "Bearer token-of-bob": "bob" };
const port = Number(process.env.AUTH_PORT ?? 9000);

createServer(({ url, headers }, response) => {
  if (url !== "/check") return response.writeHead(404).end();
  const credential = headers.authorization ?? "";
  if (!Object.hasOwn(USERS, credential)) return response.writeHead(401).end();
  const user = USERS[credential];
  const mayWrite = user === "ann";
  const writes = headers["x-forwarded-method"] !== "GET";
  if (writes && !mayWrite) return response.writeHead(403).end();
  response.writeHead(200, { "x-user": user }).end();
}).listen(port, "127.0.0.1", function () {
  console.log(`authorization server on http://127.0.0.1:${this.address().port}`);
});
