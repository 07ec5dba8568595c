import { createServer, type Socket } from "node:net";

/**
 * Refuses connections. A port below the ephemeral ones: the port of a server that a test has stopped may soon be that of
 * another process.
 */
export const REFUSING_ORIGIN = "http://127.0.0.1:1";

export interface SocketServer {
  readonly origin: string;
  /** Number of accepted connections. */
  readonly connections: number;
  /** Number of connections that are still open. */
  readonly open: number;
  stop(): void;
}

/** A server on a bare socket that does the same with each connection, whatever the request says. */
export async function startSocketServer(behave: (socket: Socket) => unknown): Promise<SocketServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    socket.once("data", () => behave(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server does not listen");
  return {
    origin: `http://127.0.0.1:${address.port}`,
    get connections() {
      return connections;
    },
    get open() {
      return sockets.size;
    },
    stop: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
