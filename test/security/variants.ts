import type { ServiceWithoutFilter } from "./configuration.ts";

const BEARER = [{ from: "authorization", schemes: ["Bearer"] }] as const;
const IN_THE_QUERY = { from: "query", name: "no_test_uses_this" } as const;

/** Settings that users may switch on. They must not change which requests get in. */
export interface Variant {
  readonly name: string;
  /** The Worker finds the credential, not the filter. */
  readonly isReadInWorker?: true;
  change(service: ServiceWithoutFilter): ServiceWithoutFilter;
}

/** Every test file of this folder runs with each variant: `describe.each(VARIANTS)("with $name", (variant) => …)`. */
export const VARIANTS: readonly Variant[] = [
  { name: "the defaults", change: (service) => service },
  {
    name: "persisted decisions and frequent restarts",
    change: (service) => ({
      ...service,
      cache: { ...service.cache, persist: true },
      restart: { policy: "uptime", uptimeMs: 60_000, minLifetimeMs: 60_000, ...service.restart },
    }),
  },
  {
    name: "allows kept in the Worker's isolate",
    change: (service) => ({ ...service, cache: { ...service.cache, edgeTtlMs: 5_000 } }),
  },
  {
    name: "credentials that the Worker finds",
    isReadInWorker: true,
    // The filter does not know places in the query. A certificate stands alone, and is read by the Worker anyway.
    change: (service) => {
      const { credentials = BEARER } = service;
      const isCertificate = credentials.some(({ from }) => from === "certificate");
      return isCertificate ? service : { ...service, credentials: [...credentials, IN_THE_QUERY] };
    },
  },
];
