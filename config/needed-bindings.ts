import type { Gateway } from "./gateway.ts";

/** A binding of the Worker without which the configuration does not work. */
export interface NeededBinding {
  readonly kind: "durable-object" | "service" | "rate-limit" | "analytics-engine";
  readonly name: string;
  /** Where the configuration names it; undefined for what every gateway needs. */
  readonly field?: string | undefined;
}

export const SERVICE_OBJECT: NeededBinding = { kind: "durable-object", name: "SERVICE_OBJECT" };

export function neededBindings({ services, analytics }: Gateway): NeededBinding[] {
  const ofServices = services.flatMap(({ name, upstream, clusters, rateLimit }) => {
    const servers: (readonly [string, object])[] = [["upstream", upstream]];
    for (const [cluster, server] of Object.entries(clusters)) servers.push([`clusters.${cluster}`, server]);
    const bound = servers.flatMap(([field, server]): NeededBinding[] =>
      "binding" in server && typeof server.binding === "string"
        ? [{ kind: "service", name: server.binding, field: `services.${name}.${field}.binding` }]
        : [],
    );
    if (rateLimit === undefined) return bound;
    const field = `services.${name}.rateLimit.binding`;
    return [...bound, { kind: "rate-limit" as const, name: rateLimit.binding, field }];
  });
  const ofAll: NeededBinding[] =
    analytics === undefined ? [] : [{ kind: "analytics-engine", name: analytics.binding, field: "analytics.binding" }];
  return [SERVICE_OBJECT, ...ofServices, ...ofAll];
}

/** What a binding is, where the configuration names it, and the lines that add it. */
export function missingBinding(binding: NeededBinding, environment?: string): string {
  const { kind, name, field } = binding;
  const where = field === undefined ? "" : ` (${field})`;
  return `the ${KINDS[kind]} ${name}${where} is missing. ${howToAddBinding(binding, environment)}`;
}

const KINDS = {
  "durable-object": "binding",
  service: "service binding",
  "rate-limit": "rate limiting binding",
  "analytics-engine": "Analytics Engine binding",
} as const;

/** @param environment the name under `[env]`; undefined: the top level */
export function howToAddBinding({ kind, name }: NeededBinding, environment?: string): string {
  const table = environment === undefined ? "" : `env.${environment}.`;
  const lines = {
    "durable-object": [
      `[[${table}durable_objects.bindings]]`,
      `name = "${name}"`,
      'class_name = "ServiceObject"',
      "",
      "# Once, at the top level, unless [[migrations]] declare the class:",
      "[exports.ServiceObject]",
      'type = "durable-object"',
      'storage = "sqlite"',
    ],
    service: [`[[${table}services]]`, `binding = "${name}"`, 'service = "the name of the Worker"'],
    "rate-limit": [
      `[[${table}ratelimits]]`,
      `name = "${name}"`,
      'namespace_id = "1001"',
      "simple = { limit = 100, period = 60 }",
    ],
    "analytics-engine": [`[[${table}analytics_engine_datasets]]`, `binding = "${name}"`, 'dataset = "ebb"'],
  }[kind];
  return ["Add to wrangler.toml (an environment inherits no binding):", ...lines].join("\n");
}
