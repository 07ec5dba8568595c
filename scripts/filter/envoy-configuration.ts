import { isPlainObject } from "../../config/schema/fields.ts";
import { jsonBytes, type PluginDocument } from "./plugin-document.ts";
import { isAny, unwrapAny } from "./protobuf-any.ts";

/** The types of Envoy's HTTP filter, today and in its first releases. */
const WASM_FILTER = /(^|[./])(extensions\.filters\.http\.wasm\.v3|config\.filter\.http\.wasm\.v2)\.Wasm$/;

/**
 * The Wasm filters for HTTP in a document: one filter, a list of them, a whole configuration of Envoy, an EnvoyFilter of Istio, or
 * the filter's `config` alone.
 */
export function envoyPlugins(origin: string, document: unknown): PluginDocument[] {
  const configs: unknown[] = [];
  collect(document, new Set(), configs);
  // Without its type, a filter is known by its VM.
  if (configs.length === 0 && isPlainObject(document)) {
    configs.push(...[document, document.config].filter((config) => isPlainObject(config) && vmOf(config)));
  }
  return configs.flatMap((config) => (isPlainObject(config) ? [pluginOf(origin, config)] : []));
}

/** @param seen aliases of YAML make one object appear at many places */
function collect(value: unknown, seen: Set<unknown>, into: unknown[]): void {
  if (typeof value !== "object" || value === null || seen.has(value)) return;
  seen.add(value);
  if (isPlainObject(value)) {
    const types = [value["@type"], value.type_url, value.typeUrl];
    if (types.some((type) => typeof type === "string" && WASM_FILTER.test(type))) {
      // A TypedStruct has the fields of its message in `value`.
      into.push(isPlainObject(value.value) ? value.value.config : value.config);
      return;
    }
  }
  for (const inner of Object.values(value)) collect(inner, seen, into);
}

/** A PluginConfig; in JSON, protobuf's names may be written in either way. */
function pluginOf(origin: string, config: Record<string, unknown>): PluginDocument {
  const name = textOf(config.name);
  const vm = vmOf(config)?.configuration;
  return {
    source: `Envoy's Wasm filter${name === undefined ? "" : ` ${name}`}${withoutEnvironment(config)}`,
    name,
    rootId: textOf(config.root_id) ?? textOf(config.rootId),
    plugin: configurationOf(origin, config.configuration),
    vm: vm === undefined ? undefined : configurationOf(origin, vm),
  };
}

/** A filter that takes its rules from there would read none. */
function withoutEnvironment(config: Record<string, unknown>): string {
  const vm = vmOf(config);
  const isSet = vm !== undefined && ("environment_variables" in vm || "environmentVariables" in vm);
  return isSet ? " (its environment_variables do not exist here: the filter reads an empty environment)" : "";
}

function vmOf(config: Record<string, unknown>): Record<string, unknown> | undefined {
  const vm = config.vm_config ?? config.vmConfig;
  return isPlainObject(vm) ? vm : undefined;
}

function configurationOf(origin: string, value: unknown): Uint8Array {
  return isAny(value) ? unwrapAny(origin, value) : jsonBytes(origin, value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
