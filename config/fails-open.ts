import type { FilterKind, Service } from "./gateway.ts";

/** The part of a service's configuration that decides whether requests pass undecided. */
export interface Gates extends Pick<Service, "name" | "failurePolicy"> {
  readonly filterKind:
    | { readonly kind: "built-in"; readonly failOpen: boolean }
    | { readonly kind: Exclude<FilterKind["kind"], "built-in"> };
}

/** Whether requests pass undecided while the service's authorization server is known to be unreachable. */
export function failsOpen({ filterKind }: Pick<Gates, "filterKind">): boolean {
  return filterKind.kind === "built-in" && filterKind.failOpen;
}

/** Of a service's configuration only this part, for the browser. */
export function gatesOf({ name, failurePolicy, filterKind }: Service): Gates {
  const { kind } = filterKind;
  return {
    ...{ name, failurePolicy },
    filterKind: kind === "built-in" ? { kind, failOpen: filterKind.failOpen } : { kind },
  };
}
