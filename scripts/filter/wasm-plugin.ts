import { isPlainObject } from "../../config/schema/fields.ts";
import { jsonBytes, type PluginDocument } from "./plugin-document.ts";
import { WrongInput } from "./wrong-input.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The WasmPlugin resources of Istio or Higress in a document: one, or a List of them. */
export function wasmPlugins(origin: string, document: unknown): PluginDocument[] {
  if (!isPlainObject(document)) return [];
  if (document.kind === "List" && Array.isArray(document.items)) {
    return document.items.flatMap((item) => wasmPlugins(origin, item));
  }
  const { apiVersion, kind, metadata, spec } = document;
  if (kind !== "WasmPlugin" || typeof apiVersion !== "string") return [];
  if (!isPlainObject(spec)) throw new WrongInput(`${origin}: a WasmPlugin needs a field spec`);
  const isHigress = apiVersion.startsWith("extensions.higress.io/");
  const name = isPlainObject(metadata) && typeof metadata.name === "string" ? metadata.name : undefined;
  const product = isHigress ? "Higress" : "Istio";
  return [
    {
      source: `${product}'s WasmPlugin${name === undefined ? "" : ` ${name}`}${withoutEnvironment(spec)}`,
      name,
      // "Used to be called rootID": Istio gives it to Envoy as that.
      rootId: typeof spec.pluginName === "string" ? spec.pluginName : undefined,
      plugin: jsonBytes(origin, isHigress ? higressConfiguration(spec) : spec.pluginConfig),
      vm: undefined,
    },
  ];
}

function withoutEnvironment({ vmConfig }: Fields): string {
  return isPlainObject(vmConfig) && "env" in vmConfig ? " (its vmConfig.env does not exist here)" : "";
}

/** As Higress's controller makes it: the default, with the rules that its SDKs look for in `_rules_`. */
function higressConfiguration({ pluginConfig, defaultConfig, defaultConfigDisable, matchRules }: Fields): unknown {
  if (pluginConfig !== undefined && pluginConfig !== null) return pluginConfig;
  const always = defaultConfigDisable === true ? undefined : defaultConfig;
  const rules = (Array.isArray(matchRules) ? matchRules : []).flatMap(ruleOf);
  if (rules.length === 0) return always;
  return { ...(isPlainObject(always) ? always : {}), _rules_: rules };
}

/** The lists of a rule in a WasmPlugin, and what SDKs call them. */
const MATCHES = { ingress: "_match_route_", service: "_match_service_", domain: "_match_domain_" } as const;

function ruleOf(rule: unknown): Fields[] {
  if (!isPlainObject(rule) || rule.configDisable === true) return [];
  const matches = Object.entries(MATCHES).filter(([from]) => Array.isArray(rule[from]) && rule[from].length > 0);
  if (matches.length === 0) return [];
  const config = isPlainObject(rule.config) ? rule.config : {};
  return [{ ...config, ...Object.fromEntries(matches.map(([from, to]) => [to, rule[from]])) }];
}
