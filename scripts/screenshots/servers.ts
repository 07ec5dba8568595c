import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** A part of each decision, so that a few thousand of them fill memory that is worth a restart. */
const PROFILE = "p".repeat(3_000);

/** How long the authorization server thinks, in ms, by service: from, and up to. */
const THINKING: Readonly<Record<string, readonly [number, number]>> = { payments: [300, 1_900] };
const QUICK: readonly [number, number] = [4, 30];

/** Decides by the token's name, as the demo's authorization server does. */
export const authorize: RequestListener = async (request, response) => {
  const service = request.url?.split("/")[1] ?? "";
  const [from, to] = THINKING[service] ?? QUICK;
  await sleep(from + Math.random() ** 3 * (to - from));
  const isRevoked = request.headers.authorization?.includes("revoked") ?? false;
  response.writeHead(isRevoked ? 403 : 200, { "x-profile": PROFILE }).end();
};

export const serve: RequestListener = (_, response) => void response.end("served");

export async function listening(answer: RequestListener): Promise<{ origin: string; server: Server }> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}
