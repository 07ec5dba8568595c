import type { Plugin } from "esbuild";

/**
 * Stands for the modules of the runtime (`cloudflare:workers` and others), which Node does not have. The environment is empty: values
 * from it belong in `variable("NAME")`, which is filled in when the gateway runs.
 */
export const cloudflareStandIn: Plugin = {
  name: "cloudflare-stand-in",
  setup(build) {
    build.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, namespace: "cloudflare-stand-in" }));
    build.onLoad({ filter: /.*/, namespace: "cloudflare-stand-in" }, () => ({ contents: STAND_IN, loader: "js" }));
  },
};

/** CommonJS: from such a module, esbuild lets a file import any name. */
const STAND_IN = `
  const classes = ["DurableObject", "WorkerEntrypoint", "WorkflowEntrypoint", "RpcTarget", "RpcStub", "EmailMessage"];
  for (const name of [...classes, "NonRetryableError"]) exports[name] = class {};
  for (const name of ["waitUntil", "withEnv", "connect"]) exports[name] = () => {};
  for (const name of ["env", "exports", "cache", "tracing"]) exports[name] = {};`;
