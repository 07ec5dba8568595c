import type { Variable } from "./input.ts";
import type { Finding } from "./problems.ts";
import { isPlainObject } from "./schema/fields.ts";

/** Reads a variable of the environment; anything but a text that is not empty counts as missing. */
export type Environment = (name: string) => unknown;

type Path = readonly (string | number)[];

/** A variable and the field that it fills. */
export interface VariableUse {
  readonly name: string;
  readonly path: Path;
}

/** A configuration whose variables have values. */
export interface Filled {
  readonly input: unknown;
  readonly uses: readonly VariableUse[];
  /** Variables without a value. Their fields have stand-ins, so that they cause no other findings. */
  readonly missing: readonly Finding[];
}

const IN_TOKENS = [["issuer"], ["audience"], ["audience", "*"], ["clientIds", "*"]];
const IN_CALLS = [["clientAuthentication", "id"], ["headers", "*"], ...IN_TOKENS.map((place) => ["expect", ...place])];

/**
 * Fields of a service whose value may come from the environment; `*` is any key. All others decide which requests belong to a
 * service, what a rule protects or which binding is used: they stay the same in every environment.
 */
const PLACES: readonly (readonly string[])[] = [
  ["upstream", "url"],
  ...[["cors"], ["preflight", "answer"]].flatMap((place) => [
    [...place, "origins"],
    [...place, "origins", "*"],
  ]),
  ["resource", "authorizationServers", "*"],
  ["clusters", "*", "url"],
  ...IN_TOKENS.flatMap((place) => [
    ["authorization", "issuers", "*", ...place],
    ["authorization", "verify", "issuers", "*", ...place],
  ]),
  ...IN_CALLS.flatMap((place) => [
    ["authorization", ...place],
    ["authorization", "subject", ...place],
  ]),
];
/** The configuration of a filter of one's own may have variables anywhere, as it may have secrets. */
const FREE_PLACES: readonly string[] = ["configuration", "vmConfiguration"];
/** As deep as the schema allows JSON to be; deeper, it refuses it. */
const MAX_DEPTH = 80;

/**
 * Fills in the variables of a configuration, before the schema checks it: so a value is checked exactly as if it stood in the file.
 *
 * @param input anything that a file can export
 * @param environment undefined: every variable gets a stand-in that is valid in its place
 */
export function fillVariables(input: unknown, environment: Environment | undefined): Filled {
  const uses: VariableUse[] = [];
  const missing: Finding[] = [];
  const filledBy = (use: VariableUse): unknown => {
    uses.push(use);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(use.name)) {
      const allowed = 'the name of a variable, of letters, digits and "_"';
      missing.push({ path: use.path, found: `variable(${JSON.stringify(use.name)})`, allowed });
      return standIn("no_name");
    }
    if (environment === undefined) return standIn(use.name);
    const value = environment(use.name);
    if (typeof value !== "string" || value === "") {
      const isSet = value !== undefined && value !== null && value !== "";
      missing.push({
        path: use.path,
        found: `variable(${JSON.stringify(use.name)}), which is ${isSet ? "no text" : "not set"}`,
        allowed: howToSetVariable(use.name),
      });
      return standIn(use.name);
    }
    // In a list, "any" is no audience: what accepts the tokens of other services must stand in the file.
    return use.path.at(-1) === "audience" ? [value] : value;
  };
  const fill = (value: unknown, path: Path): unknown => {
    if (isVariable(value) && mayBeVariable(path)) return filledBy({ name: value.variable, path });
    if (path.length > MAX_DEPTH || !leadsToPlace(path)) return value;
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]));
    if (!isPlainObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, fill(inner, [...path, key])]));
  };
  const filled = fill(input, []);
  // Only a configuration with variables is copied.
  return { input: uses.length === 0 ? input : filled, uses, missing };
}

/** The finding as it is about a variable's value, which may be a secret by mistake and is not repeated. */
export function aboutVariable(finding: Finding, uses: readonly VariableUse[], environment?: Environment): Finding {
  const use = uses.find(({ path }) => path.every((key, index) => finding.path[index] === key));
  if (use === undefined || finding.found.startsWith("variable(")) return finding;
  const value = environment?.(use.name);
  const of = typeof value === "string" ? `, a text of ${value.length} characters` : "";
  return { ...finding, path: use.path, found: `variable(${JSON.stringify(use.name)})${of}` };
}

/** An object with only a text field `variable`. */
export function isVariable(value: unknown): value is Variable {
  return isPlainObject(value) && typeof value.variable === "string" && Object.keys(value).length === 1;
}

/** Valid wherever a variable may be. The name makes it differ from others; the domain exists nowhere (RFC 2606). */
export function standIn(name: string): string {
  return `https://${name.toLowerCase()}.variable.invalid`;
}

function howToSetVariable(name: string): string {
  return `a text in the environment: ${name} = "…" under [vars] in wrangler.toml, or [env.NAME.vars] for the environment NAME, which inherits no variable`;
}

/** Whether the field at this path may be a variable. Anything in the configuration of a filter of one's own may be one too. */
export function isPlaceOfVariable(path: Path): boolean {
  const place = placeIn(path);
  return place !== undefined && PLACES.some((allowed) => isAt(allowed, place, allowed.length));
}

function mayBeVariable(path: Path): boolean {
  return FREE_PLACES.includes(String(placeIn(path)?.[0])) || isPlaceOfVariable(path);
}

function leadsToPlace(path: Path): boolean {
  const place = placeIn(path);
  if (place === undefined) return path.length === 0 || path[0] === "services";
  if (place.length === 0 || FREE_PLACES.includes(String(place[0]))) return true;
  return PLACES.some(
    (allowed) => allowed.length > place.length && isAt(allowed.slice(0, place.length), place, place.length),
  );
}

/** The part of a path below its service; undefined above it. */
function placeIn(path: Path): Path | undefined {
  return path[0] === "services" && path.length >= 2 ? path.slice(2) : undefined;
}

function isAt(allowed: readonly string[], place: Path, length: number): boolean {
  return place.length === length && allowed.every((key, index) => key === "*" || key === place[index]);
}
