import { buildForConfig } from "../scripts/build.ts";

/** Tests import the compiled filter: it is built once before the first of them. */
export default async function setup(): Promise<void> {
  await buildForConfig("gateway.config.ts");
}
