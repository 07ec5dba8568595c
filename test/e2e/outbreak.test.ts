import { afterAll, beforeAll, expect, it } from "vitest";
import { RawServer } from "../security/raw-server.ts";
import { type SecurityGateway, startGateway } from "../security/start-gateway.ts";

/** An operator who opens the page must not read that all is well while requests get no decision. */

const PAUSE_MS = 500;

let server: RawServer;
let gateway: SecurityGateway;
let status = 200;
let credentials = 0;

beforeAll(async () => {
  server = await RawServer.start(({ target }) => ({ status: target.startsWith("/check") ? status : 200 }));
  const orders = {
    route: { prefix: "/orders" },
    upstream: { url: server.origin },
    clusters: { auth: { url: server.origin } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
  } as const;
  gateway = await startGateway({ services: { orders } });
});
afterAll(() => Promise.all([gateway?.stop(), server?.stop()]));

async function ask(): Promise<void> {
  credentials += 1;
  await gateway.send({ target: "/orders/1", headers: [`Authorization: Bearer ${credentials}`] });
}

/** What the page says is wrong, while requests go on, after so many of them. */
async function findingsAfter(requests: number, wanted: RegExp): Promise<string> {
  let body = "";
  for (let n = 0; n < requests && !wanted.test(body); n += 1) {
    await ask();
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    ({ body } = await gateway.send({ target: "/stats", headers: ["Host: localhost", "Accept: text/html"] }));
  }
  return body;
}

it("the overview says within seconds that requests get no decision, although their server answers", async () => {
  // The first figures: without what follows, the next ones come a minute later.
  expect(await findingsAfter(40, /1 at work/)).toContain("Nothing is wrong");
  status = 500;
  expect(await findingsAfter(40, /undecided_often/)).toContain("undecided_often");
});
