import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { askOperatorPage, type OperatorQuestion } from "./ask.ts";

const TOKEN = "a-token-of-this-test";
const stats: OperatorQuestion = { page: "stats", query: new URLSearchParams() };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function gateway(answer: RequestListener): Promise<string> {
  server = createServer(answer).listen(0, "127.0.0.1");
  await new Promise((resolve) => server!.once("listening", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function ask(origin: string, question: OperatorQuestion, token: string | undefined = TOKEN) {
  return askOperatorPage({ origin, prefix: "/stats", tokenName: "T", token }, question);
}

async function answered(status: number, body: string, headers: Record<string, string> = {}, token?: string) {
  const origin = await gateway((_, response) => response.writeHead(status, headers).end(body));
  const result = await askOperatorPage({ origin, prefix: "/stats", tokenName: "T", token }, stats);
  return { ...result, complaint: result.complaint?.replaceAll(origin, "ORIGIN") };
}

describe("an operator's question", () => {
  it("goes to the page with the token, and the answer is printed as JSON", async () => {
    const seen: unknown[] = [];
    const origin = await gateway(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      seen.push([request.method, request.url, request.headers.authorization, body]);
      response.end('{"services":{}}');
    });
    const report = '{\n  "services": {}\n}';
    expect(await ask(origin, stats)).toEqual({ ok: true, report });
    const query = new URLSearchParams({ service: "a&b", window: "15m" });
    expect(await ask(origin, { page: "stats", query })).toEqual({ ok: true, report });
    expect(await ask(origin, { page: "purge", fields: { service: "a", credential: "b" } })).toEqual({
      ok: true,
      report,
    });
    expect(await ask(origin, { page: "restart", fields: { dryRun: true } })).toEqual({ ok: true, report });
    expect(seen).toEqual([
      ["GET", "/stats", `Bearer ${TOKEN}`, ""],
      ["GET", "/stats?service=a%26b&window=15m", `Bearer ${TOKEN}`, ""],
      ["POST", "/stats/purge", `Bearer ${TOKEN}`, '{"service":"a","credential":"b"}'],
      ["POST", "/stats/restart", `Bearer ${TOKEN}`, '{"dryRun":true}'],
    ]);
  });

  it.each([
    ["under_way", false],
    ["not_started", false],
    ["cut_off", false],
    ["not_running", true],
  ])("to restart, which is answered by %s, was done: %s", async (why, ok) => {
    const body = JSON.stringify({ services: { a: { restarted: true }, b: { restarted: false, why } } });
    expect(await answered(200, body)).toMatchObject({ ok, report: expect.stringContaining(why) });
  });

  it("has failed if any service failed, and still prints what the others did", async () => {
    const body = '{"services":{"a":{"purged":1,"stored":false},"b":{"error":"gone"}}}';
    expect(await answered(503, body)).toEqual({
      ok: false,
      report: JSON.stringify(JSON.parse(body), null, 2),
      complaint: "Not every service did it: those with an error are unchanged. Ask again.",
    });
  });

  it.each<[number, string, string]>([
    [401, '{"error":"operator_token_required"}', "wants its operator token: put it into the environment variable T"],
    [503, '{"error":"operator_token_unusable"}', "own operator token is unusable"],
    [403, '{"error":"other_service"}', "token in the environment variable T does not open that service"],
    [403, '{"error":"not_this_machine"}', "name it by localhost"],
    [400, '{"error":"bad_request","message":"service: found b"}', "refuses that: service: found b"],
    [404, '{"error":"no_service"}', "ORIGIN/stats answered 404 (no_service), not as an Ebb gateway"],
    [404, "<html>", "ORIGIN/stats answered 404, not as an Ebb gateway: are --url and --prefix right?"],
    [200, "<html>", "ORIGIN/stats answered 200, not as an Ebb gateway"],
    [200, "null", "not as an Ebb gateway"],
    [200, "[1]", "not as an Ebb gateway"],
    [500, "", "answered 500"],
  ])("is answered %i %s: says what to do", async (status, body, message) => {
    const { ok, complaint } = await answered(status, body);
    expect(complaint).toContain(message);
    expect(ok).toBe(false);
  });

  it("names how long to wait after many wrong tokens, and the variable of a wrong one", async () => {
    const tooMany = await answered(429, '{"error":"too_many_attempts"}', { "retry-after": "8" }, TOKEN);
    expect(tooMany.complaint).toBe("Too many wrong tokens: try again in 8 s.");
    const wrong = await answered(401, '{"error":"operator_token_required"}', {}, TOKEN);
    expect(wrong.complaint).toBe("The gateway does not accept the token in the environment variable T.");
    expect(wrong.complaint).not.toContain(TOKEN);
  });

  it("follows no redirect: the token is for this gateway only", async () => {
    let elsewhere = 0;
    const origin = await gateway((request, response) => {
      if (request.url === "/elsewhere") elsewhere += 1;
      response.writeHead(307, { location: "/elsewhere" }).end();
    });
    const { ok, complaint } = await ask(origin, stats);
    expect(complaint).toBe(`${origin}/stats leads elsewhere (307): name the gateway's own address with --url.`);
    expect([ok, elsewhere]).toEqual([false, 0]);
  });

  it("says so if nothing answers, or the answer is cut off", async () => {
    const origin = await gateway((_, response) => response.destroy());
    expect((await ask(origin, stats)).complaint).toMatch(/^No answer from .*: .+\. Is the gateway running/);
    await new Promise((resolve) => server!.close(resolve));
    expect((await ask(origin, stats)).complaint).toMatch(/^No answer from .*ECONNREFUSED.*Is the gateway running/);
    const cut = await gateway((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      setTimeout(() => response.destroy(), 20);
    });
    expect((await ask(cut, stats)).complaint).toMatch(/^No answer from /);
  });
});
