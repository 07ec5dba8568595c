import { createServer } from "node:net";

/** Possible addresses of `localhost`. */
const LOOPBACK_ADDRESSES = ["127.0.0.1", "::1"];

/** Why nothing can listen on the port, as the system's error code (`EADDRINUSE`, `EACCES`); undefined if it can. */
export async function portObstacle(port: number): Promise<string | undefined> {
  for (const address of LOOPBACK_ADDRESSES) {
    const code = await listenError(port, address);
    // A machine without IPv6 has no ::1; then localhost is only 127.0.0.1.
    if (code !== undefined && code !== "EADDRNOTAVAIL" && code !== "EAFNOSUPPORT") return code;
  }
  return undefined;
}

function listenError(port: number, address: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const server = createServer();
  server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  server.listen({ port, host: address, exclusive: true }, () => server.close(() => resolve(undefined)));
  return promise;
}
