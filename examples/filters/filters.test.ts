/** Runs the built examples on the gateway's host, as their users will see them. */
import { beforeAll, describe, expect, it } from "vitest";
import { resolveGateway } from "../../config/index.ts";
import { buildExamples, exampleFile } from "../../scripts/build-examples.ts";
import { checkConfig } from "../../scripts/check-config.ts";
import { runFilterCommand } from "../../scripts/filter.ts";
import { loadConfig } from "../../scripts/load-config.ts";

const folder = "examples/filters/http-call-and-continue";

beforeAll(async () => {
  await buildExamples();
});

describe("deny-without-credential", () => {
  const file = exampleFile("deny-without-credential");

  it("answers 401 to a request without a credential", async () => {
    const { report } = await runFilterCommand(["try", file, "--json"]);
    expect(JSON.parse(report ?? "").first.verdict).toMatchObject({ kind: "respond", status: 401 });
  });

  it("lets one with any of the configured headers pass", async () => {
    const { report } = await runFilterCommand([
      "try",
      file,
      "--config",
      "X-Tenant\nauthorization",
      "--request",
      `${folder}/request.json`,
    ]);
    expect(report).toMatch(/^decision +continue/m);
    const other = await runFilterCommand(["try", file, "--config", "x-api-key", "--request", `${folder}/request.json`]);
    expect(other.report).toMatch(/^decision +local response 401/m);
  });
});

describe("http-call-and-continue", () => {
  const file = exampleFile("http-call-and-continue");
  const asked = ["--config", `${folder}/configuration.txt`, "--request", `${folder}/request.json`];

  it("replaces the client's header with the server's", async () => {
    const { report } = await runFilterCommand(["try", file, ...asked, "--replies", `${folder}/replies.json`, "--json"]);
    const { first } = JSON.parse(report ?? "");
    expect(first.verdict).toEqual({ kind: "pass" });
    expect(first.request.headers.filter(([name]: [string]) => name === "x-user")).toEqual([["x-user", "ann"]]);
    expect(first.records.calls[0].call.headers).toContainEqual(["x-forwarded-uri", "/orders/1"]);
  });

  it("refuses a request without a credential, without a call", async () => {
    const { report } = await runFilterCommand(["try", file, "--config", "cluster=auth"]);
    expect(report).toMatch(/^decision +local response 401 at request-headers \(missing_credential\)$/m);
  });

  it("does not start without a cluster", async () => {
    const { ok, complaint } = await runFilterCommand(["try", file]);
    expect(ok).toBe(false);
    expect(complaint).toMatch(/configure_refused\)\n.*cluster=… is missing/);
  });
});

describe("gateway.config.ts of the examples", () => {
  it("is valid", async () => {
    const verdict = await checkConfig("examples/filters/gateway.config.ts");
    expect(verdict.text).toMatch(/^reports: \/reports/);
    expect(verdict.ok).toBe(true);
    const loaded = await loadConfig("examples/filters/gateway.config.ts");
    expect(loaded.ok && resolveGateway(loaded.config)).toMatchObject({ ok: true });
  });
});
