import { describe, expect, it } from "vitest";
import { readScope, readTarget, statsQuery } from "./options.ts";

const local = { url: "http://localhost:8787", prefix: "/stats" };
const TOKEN = "a-token-of-this-test";

describe("where the operator's pages are", () => {
  it("comes from the options, the token from the environment", () => {
    expect(readTarget({ ...local, tokenEnv: "T" }, { T: TOKEN, OPERATOR_TOKEN: "another" })).toEqual({
      ok: true,
      value: { origin: "http://localhost:8787", prefix: "/stats", tokenName: "T", token: TOKEN },
    });
    expect(readTarget(local, { OPERATOR_TOKEN: TOKEN })).toMatchObject({
      value: { tokenName: "OPERATOR_TOKEN", token: TOKEN },
    });
  });

  it("needs no token unless one is named: a gateway on this machine may be open", () => {
    for (const environment of [{}, { OPERATOR_TOKEN: "" }]) {
      expect(readTarget(local, environment)).toMatchObject({ ok: true, value: { token: undefined } });
    }
    for (const environment of [{}, { T: "" }]) {
      const read = readTarget({ ...local, tokenEnv: "T" }, environment);
      expect(read).toMatchObject({ ok: false, message: expect.stringMatching('names "T", an environment variable') });
    }
  });

  it.each(["https://api.example.com", "http://127.0.0.1:1", "http://[::1]:1", "https://10.0.0.1"])(
    "may be at %s",
    (url) => {
      expect(readTarget({ ...local, url }, {})).toMatchObject({ ok: true, value: { origin: url } });
    },
  );

  it.each([
    ["http://api.example.com", "which is not this machine"],
    ["http://localhost.example.com", "which is not this machine"],
    ["http://127.0.0.1.example.com", "which is not this machine"],
    ["https://user:password@api.example.com", "only scheme, host and port"],
    ["https://api.example.com/stats", "only scheme, host and port"],
    ["ftp://api.example.com", "is an address such as"],
    ["api.example.com", "is an address such as"],
    ["", "is an address such as"],
  ])("may not be at %j", (url, message) => {
    expect(readTarget({ ...local, url }, {})).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });

  it.each(["stats", "", "/", "/stats/", "//x", "/a?b", "/a#b", "/a b", "/../x\\"])("has no prefix %j", (prefix) => {
    expect(readTarget({ ...local, prefix }, {})).toMatchObject({
      ok: false,
      message: expect.stringMatching("--prefix is"),
    });
  });

  it.each(["with blank", "with\nbreak", "with\r\nx-header: a", "withümlaut"])(
    "is not asked with a token such as %j",
    (token) => {
      const read = readTarget(local, { OPERATOR_TOKEN: token });
      expect(read).toMatchObject({ ok: false, message: expect.stringMatching("^The token in OPERATOR_TOKEN has") });
      expect(JSON.stringify(read)).not.toContain("with");
    },
  );
});

describe("the services that an action is for", () => {
  it("are one by name, or all if that is said", () => {
    expect(readScope({ service: "orders" })).toEqual({ ok: true, value: { service: "orders" } });
    expect(readScope({ all: true })).toEqual({ ok: true, value: {} });
  });

  it("are not all by a forgotten option", () => {
    expect(readScope({})).toMatchObject({ ok: false });
    expect(readScope({ all: true, service: "orders" })).toMatchObject({ ok: false });
  });
});

describe("what to show of the statistics", () => {
  it("is everything, without samples and from the directory, unless options say otherwise", () => {
    expect(String(statsQuery({}))).toBe("");
    expect(String(statsQuery({ service: "orders", window: "15m", samples: true, wake: true }))).toBe(
      "service=orders&window=15m&samples=1&wake=1",
    );
  });

  it("reaches the gateway as it was typed, whatever is in it: the gateway knows what is allowed", () => {
    const service = "a&wake=1#ü ";
    const query = statsQuery({ service, window: "" });
    expect([...new URLSearchParams(String(query))]).toEqual([
      ["service", service],
      ["window", ""],
    ]);
  });
});
