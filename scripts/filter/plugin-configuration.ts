import { isPlainObject } from "../../config/schema/fields.ts";
import { envoyPlugins } from "./envoy-configuration.ts";
import { kongPlugins } from "./kong-configuration.ts";
import { jsonBytes, type PluginDocument } from "./plugin-document.ts";
import { isAny, unwrapAny } from "./protobuf-any.ts";
import { wasmPlugins } from "./wasm-plugin.ts";
import { WrongInput } from "./wrong-input.ts";
import { yamlDocuments } from "./yaml-documents.ts";

/** A filter's configuration, from wherever it was read. */
export interface PluginConfiguration extends Pick<PluginDocument, "rootId" | "plugin" | "vm"> {
  /** Undefined: the text is given to the filter unchanged. */
  readonly source: string | undefined;
}

/**
 * Takes the configuration of a filter out of what Envoy, Istio, Higress or Kong are configured with. Other YAML becomes JSON, as these
 * give it to their filters; any other text stays as it is.
 *
 * @param origin the file's name, or the option; for messages
 * @param file the file's name; undefined if the text itself was given
 * @param rootId selects one of several filters; empty: there must be one
 * @throws WrongInput
 */
export function pluginConfiguration(
  origin: string,
  file: string | undefined,
  bytes: Uint8Array,
  rootId: string,
): PluginConfiguration {
  try {
    return taken(origin, file, bytes, rootId);
  } catch (error) {
    // A list or an object in a hundred thousand others, or in itself by an alias.
    if (error instanceof RangeError) throw new WrongInput(`${origin}: is nested too deeply`);
    throw error;
  }
}

function taken(origin: string, file: string | undefined, bytes: Uint8Array, rootId: string): PluginConfiguration {
  const unchanged = { source: undefined, rootId: undefined, plugin: bytes, vm: undefined };
  const isYaml = file !== undefined && /\.ya?ml$/i.test(file);
  const documents = isYaml ? yamlDocuments(origin, bytes) : jsonDocuments(bytes);
  const plugins = documents.flatMap((document) => pluginsIn(origin, document));
  const chosen = chooseFrom(origin, plugins, rootId);
  if (chosen !== undefined) return chosen;
  if (!isYaml) return unchanged;
  // Otherwise the whole file would become the filter's configuration.
  if (documents.some(isOfProxy)) {
    throw new WrongInput(
      `${origin}: has no Wasm filter for HTTP of Envoy, no WasmPlugin of Istio or Higress, and no filter chain of Kong`,
    );
  }
  const [only, ...further] = documents;
  if (further.length > 0) {
    throw new WrongInput(
      `${origin}: has ${documents.length} YAML documents, and none is a Wasm filter of Envoy or a WasmPlugin of Istio or Higress`,
    );
  }
  const source = "YAML, given to the filter as JSON";
  return { source, rootId: undefined, plugin: jsonBytes(origin, only), vm: undefined };
}

/** Messages of other types may be the filter's own. */
const WELL_KNOWN = /(^|\/)google\.protobuf\./;

function pluginsIn(origin: string, document: unknown): PluginDocument[] {
  const envoy = envoyPlugins(origin, document);
  if (envoy.length > 0) return envoy;
  if (isAny(document) && WELL_KNOWN.test(document["@type"])) {
    const source = `a ${document["@type"].split("/").at(-1)}`;
    return [{ source, name: undefined, rootId: undefined, plugin: unwrapAny(origin, document), vm: undefined }];
  }
  return [...wasmPlugins(origin, document), ...kongPlugins(origin, document)];
}

function isOfProxy(document: unknown): boolean {
  if (!isPlainObject(document)) return false;
  return (
    ("apiVersion" in document && "kind" in document) ||
    ["static_resources", "http_filters", "_format_version"].some((field) => field in document)
  );
}

function chooseFrom(origin: string, plugins: readonly PluginDocument[], rootId: string): PluginDocument | undefined {
  if (plugins.length <= 1) return plugins[0];
  const named = plugins.filter((plugin) => plugin.rootId === rootId);
  if (rootId !== "" && named.length === 1) return named[0];
  const list = plugins.map((plugin) => JSON.stringify(plugin.rootId ?? "")).join(", ");
  throw new WrongInput(
    `${origin}: has ${plugins.length} filters: name the root ID of one with --root-id: ${list}; or give each a file`,
  );
}

/** JSON only if it is an object that a proxy may have: other texts are the filter's own. */
function jsonDocuments(bytes: Uint8Array): unknown[] {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return isPlainObject(value) ? [value] : [];
  } catch {
    return [];
  }
}
