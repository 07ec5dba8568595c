import { Hono } from "hono";

/** What the handler got of each body: all of it, or that it broke off. */
export const bodiesSeen: string[] = [];

/** An app in the gateway's own Worker. */
export const handledApp = new Hono()
  .post("/handled/reads", async (c) => {
    const body = await c.req.text().catch(() => "broken off");
    bodiesSeen.push(body);
    return c.text(`read ${body}`);
  })
  .post("/handled/early", (c) => c.text("early"))
  .post("/handled/back", (c) => new Response(c.req.raw.body))
  .post("/handled/unread", () => {
    throw Symbol("not an Error");
  })
  .post("/handled/throws", async (c) => {
    await c.req.text();
    // Hono would answer it itself.
    throw Symbol("not an Error");
  })
  .post("/handled/hangs", () => new Promise<Response>(() => {}));
