import type { ServiceWithoutFilter } from "./configuration.ts";

const BEARER = [{ from: "authorization", schemes: ["Bearer"] }] as const;
const IN_THE_QUERY = { from: "query", name: "no_test_uses_this" } as const;

/** Settings that users may switch on. They must not change which requests get in. */
export interface Variant {
  readonly name: string;
  /** The Worker finds the credential, not the filter. */
  readonly isReadInWorker?: true;
  /** Of forward-auth's checks, and so of its probes, in place of GET. */
  readonly checkMethod?: "POST";
  change(service: ServiceWithoutFilter): ServiceWithoutFilter;
}

const DEFAULTS: Variant = { name: "the defaults", change: (service) => service };

const PERSISTED: Variant = {
  name: "persisted decisions and frequent restarts",
  change: (service) => ({
    ...service,
    cache: { ...service.cache, persist: true },
    restart: { policy: "uptime", uptimeMs: 60_000, minLifetimeMs: 60_000, ...service.restart },
  }),
};

const EDGE: Variant = {
  name: "allows kept in the Worker's isolate",
  change: (service) => ({ ...service, cache: { ...service.cache, edgeTtlMs: 5_000 } }),
};

const READ_IN_WORKER: Variant = {
  name: "credentials that the Worker finds",
  isReadInWorker: true,
  // The filter does not know places in the query. A certificate stands alone, and is read by the Worker anyway.
  change: (service) => {
    const { credentials = BEARER } = service;
    const isCertificate = credentials.some(({ from }) => from === "certificate");
    return isCertificate ? service : { ...service, credentials: [...credentials, IN_THE_QUERY] };
  },
};

/** The same with what a service tells pages of other origins, of which no test has one, and OAuth clients. */
function opened(variant: Variant): Variant {
  return {
    ...variant,
    name: `${variant.name}, CORS and metadata`,
    change: (service) => ({
      resource: { authorizationServers: ["https://login.variant.example"], scopes: ["no:test"] },
      ...(service.preflight === undefined ? { cors: { origins: ["https://page.variant.example"] } } : {}),
      ...variant.change(service),
    }),
  };
}

/** Every test file of this folder runs with each variant: `describe.each(VARIANTS)("with $name", (variant) => …)`. */
export const VARIANTS: readonly Variant[] = [DEFAULTS, PERSISTED, opened(EDGE), READ_IN_WORKER];

/** For tests that say themselves what a service has of CORS and metadata, or compare whole challenges. */
export const UNOPENED_VARIANTS: readonly Variant[] = [DEFAULTS, PERSISTED, EDGE, READ_IN_WORKER];

/**
 * For the files whose server refuses requests without a credential with 401, as the gateway itself does: with the switch, it is the
 * server that says so.
 */
export const VARIANTS_AND_ASKING: readonly Variant[] = [
  ...VARIANTS,
  {
    name: "a server that is asked about requests without a credential",
    isReadInWorker: true,
    change: (service) =>
      service.authorization.protocol === "forward-auth" && !("verify" in service.authorization)
        ? { ...service, authorization: { ...service.authorization, withoutCredential: "ask" } }
        : service,
  },
  {
    name: "the body in the check",
    checkMethod: "POST",
    change: (service) => {
      const { authorization } = service;
      const requestBody = { maxBytes: 1_024 };
      if (authorization.protocol === "forward-auth") {
        return { ...service, authorization: { ...authorization, method: "POST", requestBody } } as ServiceWithoutFilter;
      }
      const isAsked = authorization.protocol === "authzen" || authorization.protocol === "opa";
      return isAsked
        ? ({ ...service, authorization: { ...authorization, requestBody } } as ServiceWithoutFilter)
        : service;
    },
  },
];
