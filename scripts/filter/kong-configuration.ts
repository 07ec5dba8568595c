import { isPlainObject } from "../../config/schema/fields.ts";
import { jsonBytes, type PluginDocument } from "./plugin-document.ts";

/** The filters in the filter chains of Kong's declarative configuration, also in those of its services and routes. */
export function kongPlugins(origin: string, document: unknown): PluginDocument[] {
  if (!isPlainObject(document) || !("_format_version" in document)) return [];
  const owners = [document, ...listOf(document.services), ...listOf(document.routes)];
  const all = owners.flatMap((owner) => [owner, ...listOf(owner.routes)]);
  const filters = [...new Set(all)].flatMap((owner) =>
    listOf(owner.filter_chains).flatMap(({ filters }) => listOf(filters)),
  );
  return filters.map(({ name, config }) => ({
    source: `Kong's filter ${String(name)} (its properties kong.* and ngx.* are not answered here)`,
    name: typeof name === "string" ? name : undefined,
    rootId: undefined,
    plugin: jsonBytes(origin, config),
    vm: undefined,
  }));
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isPlainObject) : [];
}
