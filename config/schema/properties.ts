import * as v from "valibot";
import { CONFIG_LIMITS } from "../configuration-limits.ts";
import type { FilterLogLevel } from "../input.ts";
import { explainedText, named } from "./fields.ts";

/** What a filter other than the built-in one can read besides the request, and which of its lines are logged. */

const LEVELS = ["trace", "debug", "info", "warn", "error", "critical", "off"] as const satisfies FilterLogLevel[];

export const logLevel = v.picklist(LEVELS, `one of ${LEVELS.map((level) => `"${level}"`).join(", ")}`);

/** Answered for each request; a filter that decides by them must not get a constant instead. */
const OF_REQUESTS = ["request.", "response.", "source.", "connection.", "ebb."];
/** These the gateway answers from the service's name, its `rootId` and the filter's memory. */
const OF_PLUGIN = ["plugin_name", "plugin_root_id", "plugin_vm_id", "plugin_vm_memory"];
/** The names of a control plane, which Envoy has with and without this before them. */
const CONTROL_PLANE = "xds.";

const PATH = 'a path of names with "." between them, like "node.metadata.NAME"';

const path = explainedText(
  PATH,
  (value) => {
    const name = withoutPrefix(value);
    if (OF_REQUESTS.some((prefix) => name.startsWith(prefix))) {
      return `another path, because ${value} belongs to each request or its connection and cannot be the same for all`;
    }
    if (OF_PLUGIN.includes(name))
      return `another path, because the gateway answers ${value} itself (docs/properties.md)`;
    // NUL separates the names for the filter.
    return name === "" || value.includes("\0") || name.split(".").includes("") ? PATH : undefined;
  },
  CONFIG_LIMITS.maxTextLength,
);

const { maxProperties, maxPropertyLength } = CONFIG_LIMITS;

const value = v.pipe(
  v.custom<string | number | boolean>(
    (given) =>
      (typeof given === "string" && given.length <= maxPropertyLength) ||
      typeof given === "boolean" ||
      // The filter gets whole numbers as 64-bit integers.
      (typeof given === "number" && Number.isFinite(given) && Math.abs(given) <= Number.MAX_SAFE_INTEGER),
    `a text of at most ${maxPropertyLength} characters, a number of at most 2^53 - 1, true or false`,
  ),
  v.metadata({ type: ["string", "number", "boolean"], maxLength: maxPropertyLength }),
);

export const properties: v.GenericSchema<unknown, Record<string, string | number | boolean>> = v.pipe(
  named(path, value, "an object from paths to values", maxProperties),
  v.check((given) => {
    const paths = Object.keys(given).map(withoutPrefix);
    return new Set(paths).size === paths.length;
  }, `each path once, with or without "${CONTROL_PLANE}" before it`),
  v.transform((given) => Object.fromEntries(Object.entries(given).map(([name, held]) => [withoutPrefix(name), held]))),
);

function withoutPrefix(name: string): string {
  return name.startsWith(CONTROL_PLANE) ? name.slice(CONTROL_PLANE.length) : name;
}
