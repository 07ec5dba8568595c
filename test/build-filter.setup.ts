import { buildForConfig } from "../scripts/build.ts";

/** Builds the filter once before the first test, because tests import the compiled module. */
export default async function setup(): Promise<void> {
  await buildForConfig("gateway.config.ts");
}
