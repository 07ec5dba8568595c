import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { portObstacle } from "./port.ts";

test("a port is free when nothing listens on it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  expect(await portObstacle(port)).toBe("EADDRINUSE");
  server.close();
  await once(server, "close");
  expect(await portObstacle(port)).toBeUndefined();
});
