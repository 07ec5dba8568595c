import { join } from "node:path";
import { expect, test } from "vitest";
import { unstable_readConfig as readConfig } from "wrangler";

const ROOT = join(import.meta.dirname, "../..");

function read(folder: string) {
  return readConfig({ config: join(ROOT, folder, "wrangler.toml") });
}

test("the demo runs the gateway on the same platform as the deployed one", () => {
  const deployed = read(".");
  const demo = read("examples/demo");
  expect(demo.durable_objects).toEqual(deployed.durable_objects);
  expect(demo.exports).toEqual(deployed.exports);
  expect(demo.version_metadata).toEqual(deployed.version_metadata);
  expect(demo.compatibility_flags).toEqual(deployed.compatibility_flags);
  for (const folder of ["examples/demo", "examples/authorization-server", "examples/upstream"]) {
    expect(read(folder).compatibility_date).toBe(deployed.compatibility_date);
  }
});

test("the demo's bindings lead to the demo's Workers, and the deployed gateway has none of them", () => {
  const services = [read("examples/upstream"), read("examples/authorization-server")].map(({ name }) => ({
    service: name,
  }));
  expect(read("examples/demo").services).toMatchObject(services);
  expect(JSON.stringify(read("."))).not.toMatch(/demo/i);
});
