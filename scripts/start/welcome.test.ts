import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { runningGateway } from "./running-gateway.ts";
import { welcome } from "./welcome.ts";

const folder = mkdtempSync(join(tmpdir(), "ebb-welcome-"));
afterAll(() => rmSync(folder, { recursive: true }));

const plain = { port: 9000, fast: false, verbose: false, trial: true };

async function welcomed(services: string, rest = ""): Promise<string> {
  const file = join(folder, "gateway.config.ts");
  writeFileSync(file, `import filter from "./filter.wasm"; export default { services: { ${services} } ${rest} };`);
  return welcome(plain, await runningGateway(file));
}

const asked = (
  cluster: string,
): string => `filter, authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
  clusters: { auth: { url: "${cluster}" } }, upstream: { url: "https://real.example.com" }`;

describe("the text that npm start prints", () => {
  test("has a line to copy for each outcome of the committed configuration, and the address of the stats", async () => {
    const text = welcome(plain, await runningGateway("gateway.config.ts"));
    expect(text).toContain(
      "Ebb answers on http://localhost:9000, with a demo authorization server and upstream in place of hosts that end in .example.",
    );
    expect(text).toContain("curl -i -H 'Authorization: Bearer demo-alice' http://localhost:9000/orders/1");
    expect(text).toContain("curl -i -H 'Authorization: Bearer demo-revoked-bob' http://localhost:9000/orders/1");
    expect(text).toContain("curl -i http://localhost:9000/orders/1");
    expect(text).toContain("http://localhost:9000/stats");
    expect(text).toContain("PORT=9000 npm run traffic\n");
  });

  test("speaks of the services that run, with their hosts and prefixes, and not of the demo's", async () => {
    const text = await welcomed(
      `files: { route: { prefix: "/files" }, filter, configuration: "", upstream: { url: "https://real.example.com" } },
       site: { route: { prefix: "/", hosts: ["*.shop.com"] }, ${asked("https://auth.example.com")} }`,
      ', operator: { prefix: "/ops", metricsPath: "/ops-metrics", healthPath: "/ops-health" }',
    );
    expect(text.split("\n").slice(1, 10)).toEqual([
      "Ebb answers on http://localhost:9000.",
      "",
      "  files: a filter of your own",
      "    curl -i http://localhost:9000/files/1",
      "",
      "  site: forward-auth at auth",
      "    curl -i -H 'Host: www.shop.com' http://localhost:9000/1",
      "",
      "  stats             http://localhost:9000/ops",
    ]);
    expect(text).not.toMatch(/demo|orders|traffic/);
  });

  test("offers the demo's users where the demo's server decides, under the service's own prefix", async () => {
    const text = await welcomed(`api: { route: { prefix: "/v2" }, ${asked("https://auth.example")} }`);
    expect(text).toContain("with a demo authorization server in place of");
    expect(text).toContain("curl -i -H 'Authorization: Bearer demo-alice' http://localhost:9000/v2/1");
    expect(text).toContain("PORT=9000 npm run traffic -- --prefix /v2");
  });

  test("shows five services of many", async () => {
    const names = Array.from({ length: 8 }, (_, n) => `s${n}`);
    const text = await welcomed(
      names.map((n) => `${n}: { route: { prefix: "/${n}" }, ${asked("https://auth.example")} }`).join(),
    );
    expect(text).toContain("s4: ");
    expect(text).not.toContain("s5: ");
    expect(text).toContain("… and 3 more services");
  });

  test("still says where the gateway answers if its configuration is wrong by now", async () => {
    const text = await welcomed("a: 7");
    expect(text).toContain("Ebb answers on http://localhost:9000.");
    expect(text).toContain("http://localhost:9000/stats");
    expect(text).not.toContain("curl");
  });

  test("suggests --fast only if it is not set", () => {
    expect(welcome(plain, undefined)).toContain("npm start -- --fast");
    expect(welcome({ ...plain, fast: true }, undefined)).not.toContain("--fast");
  });
});
