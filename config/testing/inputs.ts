import type { Gateway, Service } from "../gateway.ts";
import { formatProblems } from "../problems.ts";
import { resolveGateway } from "../resolve.ts";

/**
 * The smallest valid WebAssembly module. Built by reflection: the class is abstract in the types of Workers, which cannot
 * compile bytes.
 */
export const emptyModule: WebAssembly.Module = Reflect.construct(WebAssembly.Module, [
  Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00),
]);

type Fields = Readonly<Record<string, unknown>>;

/** A valid service with the built-in filter, some fields replaced. Untyped, because tests use invalid ones too. */
export function builtInService(fields: Fields = {}): Fields {
  return {
    route: { prefix: "/orders" },
    upstream: { url: "https://orders.example" },
    filter: emptyModule,
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", enforcesScopes: true },
    clusters: { auth: { url: "https://auth.example" } },
    ...fields,
  };
}

/** A valid service with any other filter. */
export function otherService(fields: Fields = {}): Fields {
  return {
    route: { prefix: "/orders" },
    upstream: { url: "https://orders.example" },
    filter: emptyModule,
    configuration: "",
    ...fields,
  };
}

/** The gateway of these services. Throws if there are problems. */
export function gatewayOf(services: Fields, fields: Fields = {}): Gateway {
  const result = resolveGateway({ services, ...fields });
  if (!result.ok) throw new Error(formatProblems(result.problems));
  return result.gateway;
}

/** The only service of a gateway, named orders. */
export function serviceOf(service: Fields): Service {
  return gatewayOf({ orders: service }).services[0]!;
}

/** Problems as "path: found X; allowed: Y". */
export function problemsOf(input: unknown): string[] {
  const result = resolveGateway(input, "f.ts");
  return result.ok ? [] : formatProblems(result.problems).replaceAll("f.ts: ", "").split("\n");
}
