import { isBuiltin } from "node:module";
import type { Loader, Plugin } from "esbuild";

/** What wrangler lets a Worker import besides scripts and WebAssembly. A configuration with a handler imports the whole app. */
export const APP_LOADERS = {
  ".txt": "text",
  ".html": "text",
  ".sql": "text",
  ".bin": "binary",
} as const satisfies Record<string, Loader>;

/** Modules of Node, which Workers have under `nodejs_compat`. They stay imports, also where a CommonJS module requires them. */
export const nodeModules: Plugin = {
  name: "node-modules",
  setup(build) {
    build.onResolve({ filter: /^[a-z]/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return undefined;
      const name = path.startsWith("node:") ? path : `node:${path}`;
      return kind === "require-call" ? { path: name, namespace: REQUIRED } : { path: name, external: true };
    });
    build.onLoad({ filter: /.*/, namespace: REQUIRED }, ({ path }) => ({
      contents: `import all from ${JSON.stringify(path)}; module.exports = all;`,
    }));
  },
};

const REQUIRED = "required-node";
