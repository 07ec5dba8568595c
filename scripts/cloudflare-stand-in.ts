import type { Plugin } from "esbuild";

/**
 * Puts a stand-in where a bundle for Node imports `cloudflare:workers` or another module of the platform. The classes can be
 * extended, `env` has no bindings; everything else is undefined. A CommonJS module, so that any name may be imported.
 */
export const cloudflareStandIn: Plugin = {
  name: "cloudflare-stand-in",
  setup(build) {
    build.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "cloudflare-stand-in" }));
    build.onLoad({ filter: /.*/, namespace: "cloudflare-stand-in" }, () => ({ contents: STAND_IN, loader: "js" }));
  },
};

const STAND_IN = `
  const names = ["DurableObject", "RpcStub", "RpcTarget", "WorkerEntrypoint", "WorkflowEntrypoint"];
  module.exports = { env: {}, ...Object.fromEntries(names.map((name) => [name, class {}])) };`;
