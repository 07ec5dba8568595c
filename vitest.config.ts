import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const UNDER_NODE = ["{config,worker,durable,wasm,scripts,examples,test}/**/*.test.ts"];
const UNDER_WORKERD = ["{config,worker,durable,wasm,test}/**/*.workerd.test.ts"];

/** Pure parts and whole-process tests run in Node; the Worker and its object run inside workerd. */
export default defineConfig({
  test: {
    // The OpenID provider under test reminds us that it is not set up for production.
    onConsoleLog: (log) => !log.includes("oidc-provider WARNING"),
    projects: [
      {
        test: {
          name: "node",
          include: UNDER_NODE,
          exclude: UNDER_WORKERD,
          globalSetup: ["test/build-filter.setup.ts"],
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
              bindings: { OPERATOR_TOKEN: "operator-token" },
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
          include: UNDER_WORKERD,
          globalSetup: ["test/build-filter.setup.ts", "test/workerd/trace.setup.ts"],
          testTimeout: 60_000,
        },
      },
    ],
  },
});
