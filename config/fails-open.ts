import type { Service } from "./gateway.ts";

/** Whether requests pass undecided while the service's authorization server is known to be unreachable. */
export function failsOpen({ filterKind }: Pick<Service, "filterKind">): boolean {
  return filterKind.kind === "built-in" && filterKind.failOpen;
}
