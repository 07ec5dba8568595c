/** The JSON Schema and the gateway agree on every input, as far as JSON Schema can express what the gateway checks. */
import * as fc from "fast-check";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { UnknownField } from "../../config/schema/fields.ts";
import { builtInService, otherService } from "../../config/testing/inputs.ts";
import { fillVariables } from "../../config/variables.ts";
import { configuration } from "./documents.ts";
import { accepts } from "./testing/accepts.ts";
import { inputsFor } from "./testing/inputs.ts";

/** Checks that only run code; JSON Schema cannot express them. */
const OPAQUE = ["check", "raw_check", "partial_check"];

/** Problems that JSON Schema can express too: kinds, options, bounds, unknown and missing fields. */
function expressible(unfilled: unknown): string[] {
  const { input, missing } = fillVariables(unfilled, undefined);
  const { issues = [] } = v.safeParse(configuration, input);
  if (missing.length > 0) return missing.map(({ path, found }) => `${path.join(".")}: ${found}`);
  return issues
    .filter((issue) => !OPAQUE.includes(issue.type) || issue.input instanceof UnknownField)
    .map((issue) => `${v.getDotPath(issue)}: ${issue.message}`);
}

type Path = readonly (string | number)[];

/** Every place in an input, those aside that only a program can fill. */
function places(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  if (isOfProgram(value)) return [];
  return [
    path,
    ...Object.entries(value).flatMap(([name, below]) =>
      places(below, [...path, Array.isArray(value) ? Number(name) : name]),
    ),
  ];
}

/** A module or a handler. */
function isOfProgram(value: object): boolean {
  const isModule = Object.prototype.toString.call(value) === "[object WebAssembly.Module]";
  return isModule || Object.values(value).some((member) => typeof member === "function");
}

function at(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((below, name) => (below as Record<string | number, unknown>)[name], value);
}

/** A copy with another value at one place; `undefined` removes it. */
function changed(value: unknown, [name, ...rest]: Path, to: unknown): unknown {
  if (name === undefined) return to;
  if (Array.isArray(value)) {
    const items = value.map((item, index) => (index === name ? changed(item, rest, to) : item));
    return items.filter((item) => item !== undefined);
  }
  const copy = { ...(value as Record<string, unknown>) };
  if (rest.length === 0 && to === undefined) delete copy[name];
  else copy[name] = changed(copy[name], rest, to);
  return copy;
}

/** What a mistake may put in a value's place. */
function mistakes(value: unknown): unknown[] {
  const ofKind = [
    null,
    true,
    -1.5,
    "no such option",
    { unknown: 1 },
    { variable: "NAME" },

    [],
    [null],
    {},
    "",
  ];
  if (typeof value === "number") return [...ofKind, value + 0.5, -value - 1, value + 1e12];
  if (typeof value === "string") return [...ofKind, "x".repeat(1_001), `${value}-`];
  if (Array.isArray(value)) return [...ofKind, Array.from({ length: 501 }, () => value[0] ?? "a")];
  if (typeof value === "object" && value !== null)
    return [...ofKind, { ...value, unknown: 1 }, { ...value, constructor: "a" }];
  return ofKind;
}

const service = builtInService();
const corpus = [
  { services: { orders: service } },
  { services: { orders: otherService() } },
  { operator: { prefix: "/status" }, memory: { highBytes: 64 * 65_536 }, services: { a: service, b: otherService() } },
];

function issuer(audience: unknown) {
  const name = { variable: "NAME" };
  return { issuer: name, audience, clientIds: [name] };
}

/** The gateway fills in variables before it checks. */
function isValid(input: unknown): boolean {
  const { input: filled, missing } = fillVariables(input, undefined);
  return missing.length === 0 && v.is(configuration, filled);
}

const inputs = fc.oneof(...corpus.map((input) => fc.constant<unknown>(input)), inputsFor(configuration));

describe("the JSON Schema", () => {
  it("accepts what the gateway accepts", () => {
    let valid = 0;
    fc.assert(
      fc.property(inputsFor(configuration), (input) => {
        if (!v.is(configuration, input)) return;
        valid++;
        expect(accepts(input) ? [] : accepts.errors).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
    expect(valid).toBeGreaterThan(200);
  });

  it("refuses kinds, options, bounds, unknown and missing fields just where the gateway does", () => {
    const outcomes = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(inputs, fc.nat(), fc.nat(), fc.boolean(), (input, where, which, isRemoved) => {
        const all = places(input).slice(1);
        const path = all[where % all.length]!;
        const wrong = mistakes(at(input, path));
        const mistaken = changed(input, path, isRemoved ? undefined : wrong[which % wrong.length]);
        const isAccepted = accepts(mistaken);
        if (!isAccepted) expect(isValid(mistaken), JSON.stringify(accepts.errors)).toBe(false);
        else expect(expressible(mistaken)).toEqual([]);
        outcomes[isAccepted ? "accepted" : "refused"]++;
      }),
      { numRuns: 5_000 },
    );
    expect(outcomes.accepted).toBeGreaterThan(200);
    expect(outcomes.refused).toBeGreaterThan(1_000);
  });

  const variable = { variable: "NAME" };
  it.each([
    ["an upstream's address", { upstream: { url: variable } }],
    ["a cluster's address", { clusters: { auth: { url: variable } } }],
    ["issuer, audiences and clients", { authorization: { protocol: "jwt", issuers: [issuer([variable])] } }],
    ["one audience", { authorization: { protocol: "jwt", issuers: [issuer(variable)] } }],
    [
      "what is sent to a server, and what its reply must say",
      {
        clusters: { auth: { url: variable } },
        authorization: {
          ...{ protocol: "introspection", cluster: "auth", path: "/i", headers: { "x-a": variable } },
          clientAuthentication: { type: "basic", id: variable, secret: { secret: "S" } },
          expect: { audience: [variable], issuer: variable, clientIds: [variable] },
        },
      },
    ],
  ])("accepts a variable for %s, as the gateway does", (_, fields) => {
    const input = { services: { orders: { ...service, ...fields } } };
    expect(isValid(input)).toBe(true);
    expect(accepts(input) ? [] : accepts.errors).toEqual([]);
  });

  it.each([
    ["a prefix", { route: { prefix: variable } }],
    ["a binding", { upstream: { binding: variable } }],
    ["a path of a rule", { rules: [{ path: variable, public: true }] }],
    ["an address, with more fields", { upstream: { url: { ...variable, default: "https://a.example" } } }],
    ["an address, without a name", { upstream: { url: { variable: "" } } }],
  ])("refuses a variable for %s, as the gateway does", (_, fields) => {
    const input = { services: { orders: { ...service, ...fields } } };
    expect(isValid(input)).toBe(false);
    expect(accepts(input)).toBe(false);
  });

  it.each([
    ["no services", { services: {} }],
    ["no configuration", undefined],
    ["a list", []],
    [
      "a service without authorization and configuration",
      { services: { orders: { ...service, authorization: undefined } } },
    ],
    ["an authorization and a configuration", { services: { orders: { ...service, configuration: "" } } }],
    ["an unknown protocol", { services: { orders: { ...service, authorization: { protocol: "oauth" } } } }],
    [
      "a url and a binding",
      { services: { orders: { ...service, upstream: { url: "https://a.example", binding: "A" } } } },
    ],
    [
      "a secret in plain text",
      { services: { orders: { ...service, upstreamAuthorization: { replace: "Bearer a" } } } },
    ],
    [
      "201 services",
      { services: Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`s${index}`, service])) },
    ],
    ["a service with a reserved name", { services: JSON.parse('{"__proto__": {}}') }],
    ["a service with the name constructor", { services: { constructor: service } }],
  ])("refuses %s, as the gateway does", (_, input) => {
    expect(v.is(configuration, input)).toBe(false);
    expect(accepts(input === undefined ? null : JSON.parse(JSON.stringify(input)))).toBe(false);
  });
});
