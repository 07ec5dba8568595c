import type { Socket } from "node:net";

/** Longer than the time-out of authorization servers in these tests. */
export const SLOW_MS = 800;
const HUGE_BYTES = 3_000_000;

const head = (status: string, ...lines: string[]) => `HTTP/1.1 ${status}\r\n${lines.join("\r\n")}\r\n\r\n`;
const whole = (status: string, body: string, ...lines: string[]) =>
  head(status, `content-length: ${body.length}`, ...lines) + body;

/** The ways a server can fail, by their names in docs/faults.md. `down` is missing, because then no server listens. */
export const FAILURES: Readonly<Record<string, (socket: Socket) => unknown>> = {
  resets: (socket) => socket.resetAndDestroy(),
  slow: (socket) => setTimeout(() => socket.end(whole("200 OK", "true")), SLOW_MS),
  "half-open": () => {},
  garbage: (socket) => socket.end("this is not HTTP at all\r\n\r\n"),
  "5xx": (socket) => socket.end(whole("500 Oh", "oops")),
  redirect: (socket) => socket.end(whole("302 Found", "", "location: https://elsewhere.example/")),
  huge: (socket) => socket.end(whole("200 OK", "x".repeat(HUGE_BYTES))),
  endless: (socket) => {
    socket.write(head("200 OK", "transfer-encoding: chunked"));
    const timer = setInterval(() => socket.write("4\r\ndrip\r\n"), 20);
    socket.on("close", () => clearInterval(timer));
  },
  "wrong type": (socket) => socket.end(whole("200 OK", "<html>", "content-type: text/html")),
  "lying length": (socket) => socket.end(`${head("200 OK", "content-length: 100")}only this`),
};
