// Whoever calls require("ebb") gets this message instead of one about `exports` or a module that Node does not know.
throw new Error(
  'ebb is an ES module and cannot be loaded by require("ebb"). Write `import { defineGateway } from "ebb"` in a file that ' +
    'is an ES module: one that ends in .mjs or .mts, or any in a package whose package.json says "type": "module". ' +
    "Wrangler bundles a Worker that uses `import` in either kind of package.",
);
