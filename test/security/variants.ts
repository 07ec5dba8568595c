import type { ServiceWithoutFilter } from "./configuration.ts";

/** A convenience that may be switched on: none may let anybody in or keep anybody out who comes in without it. */
export interface Variant {
  readonly name: string;
  change(service: ServiceWithoutFilter): ServiceWithoutFilter;
}

/** Every file of this folder runs under each: `describe.each(VARIANTS)("with $name", (variant) => …)`. */
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
];
