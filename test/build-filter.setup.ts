import { buildFilter } from "../scripts/build-filter.ts";

/** Tests import the compiled filter: it is built once before the first of them. */
export default async function setup(): Promise<void> {
  await buildFilter();
}
