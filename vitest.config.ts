import { readFile } from "node:fs/promises";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig, type Plugin } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

const TESTS = ["{config,worker,durable,wasm,scripts,examples,test,eval,bench}/**/*.test.{ts,tsx}"];
const UNDER_WORKERD = ["{config,worker,durable,wasm,test}/**/*.workerd.test.ts"];
/** What counts uncollected memories or moves the gateway's clock far: each file has a workerd process of its own. */
const ALONE_UNDER_WORKERD = [
  "durable/instances/drain.workerd.test.ts",
  "durable/persistence/persisted-decisions.workerd.test.ts",
  "durable/service/protected-service.workerd.test.ts",
  "durable/service-object.workerd.test.ts",
  "durable/memory/memory.workerd.test.ts",
  "durable/persistence/persistence.workerd.test.ts",
  "test/trace.workerd.test.ts",
  "test/faults/clock.workerd.test.ts",
];
/** Statistics and long runs. */
const SLOW = ["**/*.slow.test.ts"];
/** What runs built modules or whole processes. */
const WITH_BUILDS = [
  "wasm/filter/**/*.test.ts",
  "wasm/binary/cap-memory.test.ts",
  "eval/guests/**/*.test.ts",
  "scripts/{build,check-config,ebb,load-config,policy-test}.test.ts",
  "scripts/{schema/shipped,check-config/*}.test.ts",
  "scripts/filter/**/*.test.ts",
  "examples/**/*.test.ts",
  "test/**/*.test.ts",
  // Imports the page's built script.
  "worker/operator/page/*.test.tsx",
];
/** What packs the package and installs it in empty projects: `npm run test:install`. */
const INSTALLS = ["test/{package,templates}/**/*.test.ts"];
/** In a real browser; skipped without one. */
const BROWSER = ["test/browser/**/*.test.ts"];
/** In Node; conformance.workerd.test.ts runs them in workerd. */
const CONFORMANCE = ["wasm/host/conformance/*.conformance.ts"];
const BUILD = "test/build.setup.ts";
/** The longest files. Those that compute and those that mostly wait take turns, so that both cores have work from the start. */
const FIRST = [
  "test/security/fail-open.test.ts",
  "durable/restart/measured.slow.test.ts",
  "test/security/authorization-failures.test.ts",
  "durable/estimate/estimator.slow.test.ts",
  "test/security/issuer-keys.test.ts",
  "durable/service-object.workerd.test.ts",
  "test/e2e/failing-servers.test.ts",
  "durable/persistence/persistence.workerd.test.ts",
  "test/security/deployments.test.ts",
  "durable/memory/memory.workerd.test.ts",
  "test/security/junk.test.ts",
  "test/faults/fault-matrix.test.ts",
  "test/security/starvation.test.ts",
  "test/trace.workerd.test.ts",
  "test/security/own-connections.test.ts",
  "scripts/policy-test.test.ts",
  "wasm/filter/memory.test.ts",
  "eval/workload/workload.test.ts",
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = FIRST.findIndex((file) => moduleId.endsWith(`/${file}`));
      return at < 0 ? FIRST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

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

function nodeProject(name: string, include: string[], exclude: string[], globalSetup: string[]) {
  return {
    plugins: [compiledWasm],
    // tsconfig.json, where this would be found, is not about tests.
    oxc: { jsx: { runtime: "automatic" as const, importSource: "hono/jsx" } },
    test: { name, include, exclude, globalSetup, isolate: false, testTimeout: 60_000, hookTimeout: 60_000 },
  };
}

/** @param isolate whether each file has a workerd process of its own. Starting one and loading the gateway takes 2 s of CPU. */
function workerdProject(name: string, include: string[], exclude: string[], globalSetup: string[], isolate: boolean) {
  return {
    // Packages whose source maps lead nowhere are no news.
    logLevel: "error" as const,
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
      name,
      include,
      exclude,
      isolate,
      globalSetup,
      testTimeout: 60_000,
    },
  };
}

/** Pure parts and whole-process tests run in Node; the Worker and its object run inside workerd. */
export default defineConfig({
  test: {
    // Vitest leaves one core free, and many of these tests wait for other processes.
    maxWorkers: 5,
    sequence: { sequencer: LongestFirst },
    // The OpenID provider under test reminds us that it is not set up for production.
    onConsoleLog: (log) => !log.includes("oidc-provider WARNING"),
    projects: [
      nodeProject("unit", TESTS, [...UNDER_WORKERD, ...WITH_BUILDS, ...SLOW], []),
      nodeProject(
        "guests",
        [...WITH_BUILDS, ...CONFORMANCE],
        [...UNDER_WORKERD, ...SLOW, ...INSTALLS, ...BROWSER],
        [BUILD],
      ),
      nodeProject("browser", BROWSER, [], [BUILD]),
      nodeProject("install", INSTALLS, [], [BUILD]),
      nodeProject("slow", SLOW, UNDER_WORKERD, [BUILD]),
      workerdProject("workerd", UNDER_WORKERD, ALONE_UNDER_WORKERD, [BUILD], false),
      workerdProject("workerd-alone", ALONE_UNDER_WORKERD, [], [BUILD, "test/workerd/trace.setup.ts"], true),
    ],
  },
});
