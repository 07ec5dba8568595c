import { expect, it } from "vitest";
import type { Operator } from "../../config/gateway.ts";
import type { Env } from "../../durable/environment.ts";
import { sessionCookie } from "./session.ts";
import { signInState } from "./sign-in.ts";

const HOST = "ops.example.com";
const TOKEN = "opens-all-services";
const operator: Operator = {
  prefix: "/stats",
  tokenSecret: "OPERATOR_TOKEN",
  host: HOST,
  tokens: [],
  metricsPath: "/metrics",
  healthPath: "/healthz",
  defaultPaths: [],
};
const deployed = { OPERATOR_TOKEN: TOKEN } as unknown as Env;
const developing = { ...deployed, EBB_DEV: "1" } as Env;

async function state(url: string, { env = deployed, nowMs = 1, headers = {}, at = operator } = {}) {
  const token = { secret: "OPERATOR_TOKEN", value: TOKEN, services: "all" } as const;
  const [cookie = ""] = (await sessionCookie(token, HOST, 0)).split(";");
  const request = (own: Record<string, string>) => new Request(url, { headers: { ...own, ...headers } });
  return {
    without: await signInState(request({}), env, { operator: at }, nowMs),
    with: await signInState(request({ cookie }), env, { operator: at }, nowMs),
  };
}

it("on the operator's host a browser sees the form, and with a session the page", async () => {
  expect(await state(`https://${HOST}/stats`)).toEqual({ without: "form", with: "signed-in" });
});

it("when the hour is over, it sees the form again", async () => {
  expect(await state(`https://${HOST}/stats`, { nowMs: 3_600_000 })).toEqual({ without: "form", with: "form" });
});

it("while no token is set, the form is all it sees", async () => {
  const env = {} as Env;
  expect(await state(`https://${HOST}/stats`, { env })).toEqual({ without: "form", with: "form" });
});

it.each([`http://${HOST}`, `https://${HOST}:8443`, `https://${HOST}.`, "https://api.example.com", "http://localhost"])(
  "on %s nobody can sign in",
  async (origin) => {
    expect(await state(`${origin}/stats`)).toEqual({ without: "not-here", with: "not-here" });
  },
);

it("without operator.host nobody can sign in anywhere", async () => {
  expect(await state(`https://${HOST}/stats`, { at: { ...operator, host: undefined } })).toEqual({
    without: "not-here",
    with: "not-here",
  });
});

it("in development the page is open on this machine, and only there", async () => {
  expect(await state("http://localhost:8787/stats", { env: developing })).toEqual({
    without: "signed-in",
    with: "signed-in",
  });
  expect(await state(`https://${HOST}/stats`, { env: developing })).toEqual({ without: "not-here", with: "not-here" });
});
