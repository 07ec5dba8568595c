import { connect, type Socket } from "node:net";

/** The result of a closed loop of clients. */
export interface LoadResult {
  readonly requestsPerSecond: number;
  readonly requests: number;
  /** Responses other than 200. */
  readonly failures: number;
  /** Of each response, in ms, in the order of arrival. */
  readonly latenciesMs: readonly number[];
}

/**
 * A closed loop: each of `connections` kept-alive connections sends the next request when the last response is
 * complete, and not before `intervalMs` after its last request; the connections begin one after the other within that time. It uses bare
 * sockets because a full HTTP client would take CPU time from the server.
 *
 * @param requestAt the bytes of the n-th request
 */
export async function closedLoop(
  port: number,
  connections: number,
  durationMs: number,
  requestAt: (n: number) => string,
  intervalMs = 0,
): Promise<LoadResult> {
  let requests = 0;
  let failures = 0;
  const latenciesMs: number[] = [];
  const startedMs = performance.now();
  const endMs = startedMs + durationMs;

  const client = (_: unknown, index: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket: Socket = connect(port, "127.0.0.1");
      let received = "";
      let sentMs = 0;
      const next = () => {
        if (performance.now() >= endMs) {
          socket.destroy();
          resolve();
        } else {
          sentMs = performance.now();
          socket.write(requestAt(requests));
          requests += 1;
        }
      };
      socket.setNoDelay(true).setEncoding("latin1");
      socket.on("connect", () => setTimeout(next, (intervalMs * index) / connections));
      socket.on("error", reject);
      socket.on("data", (text: string) => {
        received += text;
        const headEnd = received.indexOf("\r\n\r\n");
        if (headEnd < 0) return;
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(received.slice(0, headEnd))?.[1] ?? "0");
        if (received.length < headEnd + 4 + length) return;
        latenciesMs.push(performance.now() - sentMs);
        if (!received.startsWith("HTTP/1.1 200")) failures += 1;
        received = "";
        const waitMs = sentMs + intervalMs - performance.now();
        if (waitMs > 0.5) setTimeout(next, waitMs);
        else next();
      });
    });

  await Promise.all(Array.from({ length: connections }, client));
  const seconds = (performance.now() - startedMs) / 1_000;
  return { requestsPerSecond: requests / seconds, requests, failures, latenciesMs };
}
