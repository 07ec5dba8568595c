import { readFile } from "node:fs/promises";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig, type Plugin } from "vitest/config";

const UNDER_NODE = ["{config,worker,durable,wasm,scripts,examples,test,eval,bench}/**/*.test.ts"];
const UNDER_WORKERD = ["{config,worker,durable,wasm,test}/**/*.workerd.test.ts"];
/** The same files in both runtimes. */
const UNDER_BOTH = ["wasm/host/conformance/*.conformance.ts"];
const BUILD_GUESTS = "wasm/host/conformance/guests/build-guests.setup.ts";

/** In Node too an imported `.wasm` file is a compiled module, as it is in workerd. */
const compiledWasm: Plugin = {
  name: "compiled-wasm",
  enforce: "pre",
  async load(id) {
    if (!id.endsWith(".wasm")) return undefined;
    const bytes = await readFile(id, "base64");
    return `export default new WebAssembly.Module(Buffer.from("${bytes}", "base64"));`;
  },
};

/** Pure parts and whole-process tests run in Node; the Worker and its object run inside workerd. */
export default defineConfig({
  test: {
    // The OpenID provider under test reminds us that it is not set up for production.
    onConsoleLog: (log) => !log.includes("oidc-provider WARNING"),
    projects: [
      {
        plugins: [compiledWasm],
        test: {
          name: "node",
          include: [...UNDER_NODE, ...UNDER_BOTH],
          exclude: UNDER_WORKERD,
          globalSetup: ["test/build-filter.setup.ts", BUILD_GUESTS, "test/workerd/guests/guests.setup.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Packages whose source maps lead nowhere are no news.
        logLevel: "error",
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./test/workerd/wrangler.toml" },
            miniflare: {
              bindings: {
                OPERATOR_TOKEN: "operator-token-of-tests",
                EBB_KEY: "a secret of the tests, which are no secret",
              },
              serviceBindings: { AUTHORIZATION: "authorization", UPSTREAM: "upstream" },
              workers: ["authorization", "upstream"].map((name) => ({
                name,
                modules: true,
                scriptPath: `./test/workerd/${name}.js`,
                compatibilityDate: "2026-11-01",
              })),
            },
          }),
        ],
        test: {
          name: "workerd",
          include: [...UNDER_WORKERD, ...UNDER_BOTH],
          globalSetup: [
            "test/build-filter.setup.ts",
            BUILD_GUESTS,
            "test/workerd/guests/guests.setup.ts",
            "test/workerd/trace.setup.ts",
          ],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
