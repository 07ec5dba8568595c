import { describe, expect, test } from "vitest";
import { parseTrafficOptions, USAGE } from "./options.ts";

function options(...args: string[]) {
  const parsed = parseTrafficOptions(args, {});
  if (parsed.kind !== "run") throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

function problem(...args: string[]): string {
  const parsed = parseTrafficOptions(args, {});
  return parsed.kind === "wrong" ? parsed.message : `not refused: ${parsed.kind}`;
}

describe("without options", () => {
  test("the demo on this machine gets ten minutes of Zipf users", () => {
    expect(options()).toEqual({
      origin: "http://localhost:8787",
      prefix: "/orders",
      tokenPrefix: "demo-",
      concurrency: 64,
      seed: 1,
      load: { kind: "synthetic", users: 5000, zipfExponent: 1, peakPerSecond: 100, durationSeconds: 600, waves: 1 },
    });
  });

  test("PORT chooses the gateway's port, as it does for npm start", () => {
    const parsed = parseTrafficOptions([], { PORT: "9000" });
    expect(parsed).toMatchObject({ options: { origin: "http://localhost:9000" } });
  });
});

test("a trace is replayed at the given speed", () => {
  expect(options("--trace", "day.csv", "--speed", "120").load).toEqual({ kind: "trace", file: "day.csv", speed: 120 });
});

test("every option is named in the help", () => {
  expect(parseTrafficOptions(["--help"], {})).toEqual({ kind: "help" });
  for (const name of ["url", "prefix", "users", "trace", "speed", "allow-remote"]) expect(USAGE).toContain(`--${name}`);
});

describe("a wrong option is named with what is allowed", () => {
  test.each([
    [["--users", "many"], '--users is "many"; allowed is a whole number from 1 to 5000000.'],
    [["--users", "1.5"], '--users is "1.5"; allowed is a whole number from 1 to 5000000.'],
    [["--users", ""], '--users is ""; allowed is a whole number from 1 to 5000000.'],
    [["--rate", "0"], '--rate is "0"; allowed is a number from 0.1 to 10000.'],
    [["--minutes", "Infinity"], '--minutes is "Infinity"; allowed is a number from 0.05 to 10080.'],
    [["--speed", "60"], "--speed needs a --trace FILE whose time it compresses."],
    [["--trace", "a.csv", "--users", "5"], "--users does not go with --trace: the trace decides that."],
    [["--prefix", "orders"], '--prefix is "orders"; allowed is a path that begins with a slash, such as /orders.'],
    [["--token-prefix", "a\r\nb"], '--token-prefix is "a\\r\\nb"; allowed are letters, digits and - . _ ~ + /'],
    [["--url", "localhost:8787"], '--url is "localhost:8787"; allowed is an address such as http://localhost:8787.'],
    [["--url", "ftp://localhost"], '--url is "ftp://localhost"; allowed is an address such as http://localhost:8787.'],
  ])("%j", (args, message) => {
    expect(problem(...args)).toBe(message);
  });

  test("an unknown option is refused by name", () => {
    expect(problem("--user", "5")).toContain("--user");
    expect(problem("stray")).toContain("stray");
  });
});

describe("load on another machine needs permission", () => {
  test.each([
    "http://example.com",
    "http://127.0.0.1.example.com",
    "http://localhost.example.com",
    "http://10.0.0.1:8787",
    "http://[::2]",
    "http://0.0.0.0:8787",
  ])("%s needs --allow-remote", (url) => {
    expect(problem("--url", url)).toContain("--allow-remote");
    expect(options("--url", url, "--allow-remote").origin).toBe(url);
  });

  test("a host hidden behind credentials is refused", () => {
    expect(problem("--url", "http://localhost@example.com")).toContain("--url is");
  });

  test.each(["http://localhost:1", "http://127.0.0.1:8787", "http://127.1.2.3", "http://[::1]:8787"])(
    "%s is this machine",
    (url) => {
      expect(options("--url", url).origin).toBe(url);
    },
  );
});
