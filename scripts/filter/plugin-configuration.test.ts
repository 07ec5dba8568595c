import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { pluginConfiguration } from "./plugin-configuration.ts";
import { WrongInput } from "./wrong-input.ts";

function read(file: string | undefined, text: string, rootId = "") {
  const origin = file ?? "--config";
  const { plugin, vm, ...rest } = pluginConfiguration(origin, file, new TextEncoder().encode(text), rootId);
  return { ...rest, plugin: new TextDecoder().decode(plugin), vm: vm && new TextDecoder().decode(vm) };
}

const STRING = "type.googleapis.com/google.protobuf.StringValue";
const STRUCT = "type.googleapis.com/google.protobuf.Struct";
const WASM = "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm";

describe("a configuration that is the filter's own", () => {
  it.each([
    ["text", undefined, "cluster=auth"],
    ["JSON, spaces and all", "plugin.json", '{ "a":  1 }\n'],
    ["JSON with fields of the same names", "plugin.json", '{"kind":"x","apiVersion":"y","config":{"@type":"mine"}}'],
    ["JSON of a type of its own", "plugin.json", '{"@type":"example.com/rules","value":"x"}'],
    ["a list", "plugin.json", "[1]"],
    ["no JSON, whatever its file is called", "plugin.json", "{ not json"],
    ["another file", "plugin.txt", "a: 1"],
    ["no UTF-8 text", "plugin.bin", "\u0000\u0001"],
  ])("is given unchanged: %s", (_, file, text) => {
    expect(read(file, text)).toEqual({ source: undefined, rootId: undefined, plugin: text, vm: undefined });
  });

  it("is given as JSON if it is YAML", () => {
    const { source, plugin } = read("plugin.yaml", "block_urls:\n- swagger.html # none\ncase: false\nn: 007\n");
    expect(source).toBe("YAML, given to the filter as JSON");
    expect(plugin).toBe('{"block_urls":["swagger.html"],"case":false,"n":7}');
    expect(read("plugin.YML", "just text\n").plugin).toBe("just text");
    expect(read("empty.yaml", "# nothing\n").plugin).toBe("");
    expect(read("empty.yaml", "").plugin).toBe("");
    expect(read("proto.yaml", '"__proto__": { a: 1 }').plugin).toBe('{"__proto__":{"a":1}}');
  });
});

describe("a message of protobuf", () => {
  it("is unwrapped: texts and bytes as they are, a Struct as JSON", () => {
    expect(read(undefined, JSON.stringify({ "@type": STRING, value: "a=b\n" })).plugin).toBe("a=b\n");
    expect(read("a.json", JSON.stringify({ "@type": STRUCT, value: { a: [1] } })).plugin).toBe('{"a":[1]}');
    expect(read("a.yaml", `"@type": ${STRING}\nvalue: |\n  { "a": 1 }\n`)).toMatchObject({
      source: "a google.protobuf.StringValue",
      plugin: '{ "a": 1 }\n',
    });
    const bytes = "type.googleapis.com/google.protobuf.BytesValue";
    expect(read("a.json", JSON.stringify({ "@type": bytes, value: "YT1i" })).plugin).toBe("a=b");
  });

  it.each([
    [{ "@type": STRING, value: 7 }, /a google\.protobuf\.StringValue needs a field value with a text/],
    [{ "@type": STRING }, /needs a field value/],
    [{ "@type": STRUCT, value: "a" }, /needs a field value with an object/],
    [{ "@type": "type.googleapis.com/google.protobuf.BytesValue", value: "*" }, /needs a field value/],
    [
      { "@type": "type.googleapis.com/google.protobuf.ListValue", value: [] },
      /allowed is google\.protobuf\.StringValue/,
    ],
  ])("of another kind is refused: %j", (message, problem) => {
    expect(() => read("a.json", JSON.stringify(message))).toThrow(problem);
  });
});

describe("what Envoy is configured with", () => {
  const filter = (rootId: string, configuration: unknown, vm?: unknown) => ({
    name: "envoy.filters.http.wasm",
    typed_config: {
      "@type": WASM,
      config: {
        name: `plugin-${rootId}`,
        root_id: rootId,
        configuration,
        vm_config: { runtime: "v8", configuration: vm },
      },
    },
  });

  it("gives its configuration, its VM's, and its root ID: the whole file of a template", () => {
    expect(read("envoy.yaml", readFileSync("templates/envoy-filter/envoy.yaml", "utf8"))).toEqual({
      source: "Envoy's Wasm filter",
      name: undefined,
      rootId: "http-call-and-continue",
      plugin: "cluster=auth\nauthority=auth.example.com\npath=/check\nheader=x-user\n",
      vm: undefined,
    });
  });

  it("or one filter, a list, or its config alone, in YAML or JSON", () => {
    const one = filter("a", { "@type": STRUCT, value: { x: 1 } }, { "@type": STRING, value: "of the VM" });
    const expected = { source: "Envoy's Wasm filter plugin-a", rootId: "a", plugin: '{"x":1}', vm: "of the VM" };
    const { config } = one.typed_config;
    for (const shape of [one, [one], { http_filters: [one] }, { config }, config]) {
      expect(read("filter.yaml", JSON.stringify(shape))).toMatchObject(expected);
    }
    expect(read("filter.json", JSON.stringify(one))).toMatchObject(expected);
    const camelCase = { rootId: "a", configuration: { "@type": STRING, value: "b" }, vmConfig: {} };
    expect(read("filter.json", JSON.stringify(camelCase))).toMatchObject({ rootId: "a", plugin: "b" });
  });

  it("also inside of Istio's EnvoyFilter, as a TypedStruct", () => {
    const value = { config: { root_id: "a", configuration: { "@type": STRING, value: "b" } } };
    const typed = { "@type": "type.googleapis.com/udpa.type.v1.TypedStruct", type_url: WASM, value };
    const patch = { patch: { value: { name: "w", typed_config: typed } } };
    const resource = {
      apiVersion: "networking.istio.io/v1alpha3",
      kind: "EnvoyFilter",
      spec: { configPatches: [patch] },
    };
    expect(read("filter.yaml", JSON.stringify(resource))).toMatchObject({ rootId: "a", plugin: "b" });
  });

  it("with several filters needs to know which", () => {
    const two = JSON.stringify([filter("a", "of a"), filter("b", "of b")]);
    expect(read("two.yaml", two, "b")).toMatchObject({ rootId: "b", plugin: "of b" });
    expect(() => read("two.yaml", two)).toThrow(
      /two\.yaml: has 2 filters: name the root ID of one with --root-id: "a", "b"/,
    );
    expect(() => read("two.yaml", two, "c")).toThrow(/has 2 filters/);
  });

  it("without a Wasm filter is refused: the filter would get all of it", () => {
    expect(() => read("envoy.yaml", "static_resources: { listeners: [] }")).toThrow(
      /has no Wasm filter for HTTP of Envoy/,
    );
    expect(() => read("a.yaml", "apiVersion: v1\nkind: ConfigMap\n")).toThrow(/no WasmPlugin of Istio or Higress/);
  });
});

describe("a declarative file of Kong", () => {
  const chain = (filters: object[]) => [{ filters }];
  const limits = { name: "limits", config: { minute: 3 } };

  it.each([
    ["the top level", { filter_chains: chain([limits]) }],
    ["a service", { services: [{ name: "a" }, { name: "b", filter_chains: chain([limits]) }] }],
    ["a route of a service", { services: [{ routes: [{ filter_chains: chain([limits]) }] }] }],
  ])("gives the configuration of the filter in the chain of %s", (_, document) => {
    expect(read("kong.yaml", JSON.stringify({ _format_version: "3.0", ...document }))).toMatchObject({
      source: "Kong's filter limits (its properties kong.* and ngx.* are not answered here)",
      plugin: '{"minute":3}',
    });
  });

  it("is not the filter's configuration if it has no filter, or hostile ones", () => {
    for (const filters of [undefined, "x", [null, "y"], [{ filters: "z" }]]) {
      const file = JSON.stringify({ _format_version: "3.0", filter_chains: filters, services: "none" });
      expect(() => read("kong.yaml", file)).toThrow(/no filter chain of Kong/);
    }
    const two = JSON.stringify({ _format_version: "3.0", filter_chains: chain([limits, limits]) });
    expect(() => read("kong.yaml", two)).toThrow(/has 2 filters/);
  });
});

describe("a filter of Envoy", () => {
  it("that would read environment variables is said to have none", () => {
    const vm = { environment_variables: { key_values: { ALLOWED_ORIGINS: "https://a.example" } } };
    const file = JSON.stringify({ "@type": WASM, config: { name: "cors", configuration: "x", vm_config: vm } });
    expect(read("envoy.json", file).source).toMatch(/ cors \(its environment_variables do not exist here/);
  });
});

describe("a WasmPlugin", () => {
  const istio = `
apiVersion: v1
kind: Secret
---
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: { name: basic-auth }
spec:
  url: oci://example.com/basic-auth
  pluginName: basic_auth
  pluginConfig:
    rules: [{ prefix: /admin, allow: true }]
`;

  it("of Istio gives pluginConfig as JSON, and pluginName as root ID", () => {
    expect(read("plugin.yaml", istio)).toEqual({
      source: "Istio's WasmPlugin basic-auth",
      name: "basic-auth",
      rootId: "basic_auth",
      plugin: '{"rules":[{"prefix":"/admin","allow":true}]}',
      vm: undefined,
    });
    const empty = "apiVersion: extensions.istio.io/v1alpha1\nkind: WasmPlugin\nspec: { vmConfig: { env: [] } }\n";
    expect(read("plugin.yaml", empty)).toMatchObject({
      source: "Istio's WasmPlugin (its vmConfig.env does not exist here)",
      plugin: "",
    });
  });

  it("of Higress gives defaultConfig, with matchRules as the SDKs of Higress read them", () => {
    const higress = (spec: object) =>
      read("plugin.yaml", JSON.stringify({ apiVersion: "extensions.higress.io/v1alpha1", kind: "WasmPlugin", spec }))
        .plugin;
    expect(higress({ defaultConfig: { a: 1 } })).toBe('{"a":1}');
    expect(higress({ defaultConfig: { a: 1 }, defaultConfigDisable: true })).toBe("");
    expect(higress({ defaultConfig: { a: 1 }, pluginConfig: { b: 2 } })).toBe('{"b":2}');
    const matchRules = [
      { ingress: ["default/foo"], domain: [], config: { a: 2 } },
      { domain: ["*.example.com"], service: ["x.dns"] },
      { ingress: ["default/off"], configDisable: true, config: { a: 3 } },
      { config: { a: 4 } },
      "nonsense",
    ];
    expect(JSON.parse(higress({ defaultConfig: { a: 1 }, matchRules }))).toEqual({
      a: 1,
      _rules_: [
        { a: 2, _match_route_: ["default/foo"] },
        { _match_service_: ["x.dns"], _match_domain_: ["*.example.com"] },
      ],
    });
  });

  it("in a List is found, and one without spec is refused", () => {
    const items = [
      { apiVersion: "extensions.istio.io/v1alpha1", kind: "WasmPlugin", spec: { pluginConfig: { a: 1 } } },
    ];
    expect(read("list.yaml", JSON.stringify({ kind: "List", apiVersion: "v1", items })).plugin).toBe('{"a":1}');
    const bare = { ...items[0], spec: undefined };
    expect(() => read("bare.json", JSON.stringify(bare))).toThrow("bare.json: a WasmPlugin needs a field spec");
  });
});

describe("YAML that proxies read differently", () => {
  it.each([
    ["a: yes", 'found yes, which proxies read as true, and others as a text; allowed: true or "yes"'],
    ["a: [Off]", "found Off, which proxies read as false"],
    ["- n", "found n, which proxies read as false"],
    ["password: 0123", 'found 0123, which proxies read as 83, and others as 123; allowed: 83 or "0123"'],
    ["a: 1_000", "found 1_000, which proxies read as a number"],
    ["a: 0b11", "found 0b11, which proxies read as a number"],
    ["a: 12345678901234567890", "found 12345678901234567890, a number that does not fit JSON"],
    ["a: .nan", "found .nan, a number that does not fit JSON"],
    ["a: !!binary aGVsbG8=", "found the tag tag:yaml.org,2002:binary; allowed: values without a tag"],
    ["a: !secret b", "found the tag !secret"],
    ["a: !!set {x, y}", "found the tag tag:yaml.org,2002:set"],
  ])("is refused: %s", (text, problem) => {
    expect(() => read("plugin.yaml", text)).toThrow(problem);
  });

  it("is clear as a key, in quotes, or as part of a text", () => {
    expect(read("plugin.yaml", `on: "on"\nn: 'no'\nt: yes sir\nb: |\n  off\n`).plugin).toBe(
      '{"on":"on","n":"no","t":"yes sir","b":"off\\n"}',
    );
  });
});

describe("YAML that is none", () => {
  it.each([
    ["a syntax error", "a: [1", /plugin\.yaml: is no YAML: .*line 1/s],
    ["an unknown alias", "a: *b", /is no YAML: .*b/s],
    ["ever more aliases", bomb(), /is no YAML: Excessive alias count/],
    ["several documents", "a: 1\n---\nb: 2\n", /has 2 YAML documents, and none is/],
    ["a circle", "a: &a { b: *a }", /plugin\.yaml: /],
  ])("is refused: %s", (_, text, problem) => {
    expect(() => read("plugin.yaml", text)).toThrow(problem);
  });

  function bomb(): string {
    const lines = ["a0: &a0 [x, x]"];
    for (let n = 1; n < 30; n += 1) lines.push(`a${n}: &a${n} [*a${n - 1}, *a${n - 1}, *a${n - 1}]`);
    return lines.join("\n");
  }
});

describe("hostile YAML and JSON", () => {
  it.each([
    ["twice.yaml", "a: 1\na: 2", "twice.yaml: found the key a twice in one map; allowed: each key once"],
    ["loop.yaml", "a: &x { b: *x }", "cannot be written as JSON"],
    ["loop.yaml", `{ "@type": ${STRUCT}, value: &x { a: *x } }`, "cannot be written as JSON"],
    ["loop.yaml", "&l { kind: List, apiVersion: v1, items: [*l] }", "loop.yaml: is nested too deeply"],
    ["deep.json", `${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}`, "deep.json: is nested too deeply"],
    ["deep.yaml", `${"[".repeat(5_000)}${"]".repeat(5_000)}`, "deep.yaml: is no YAML"],
    ["bomb.yaml", bomb(), "bomb.yaml: is no YAML: Excessive alias count"],
  ])("is refused, not a crash: %s %#", (file, text, problem) => {
    expect(() => read(file, text)).toThrow(WrongInput);
    expect(() => read(file, text)).toThrow(problem);
  });

  it("that is no UTF-8 is refused, not changed", () => {
    const bytes = Uint8Array.of(0x61, 0x3a, 0x20, 0xff);
    expect(() => pluginConfiguration("a.yaml", "a.yaml", bytes, "")).toThrow("a.yaml: is no UTF-8 text");
  });

  it("does not control the terminal", () => {
    for (const text of ['a: "\u001b[2J', "\u001b[2J: 1\n\u001b[2J: 2", "a: *\u001b[2J"]) {
      expect(() => read("a.yaml", text)).toThrow(WrongInput);
      expect(() => read("a.yaml", text)).not.toThrow("\u001b");
    }
  });

  it("with very many keys is read in seconds", () => {
    const keys = Array.from({ length: 30_000 }, (_, index) => `k${index}: ${index}\n`).join("");
    const { plugin } = read("long.yaml", keys);
    expect(plugin.length).toBeGreaterThan(30_000);
  });
});

function bomb(): string {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let level = 1; level < 8; level++) {
    lines.push(
      `a${level}: &a${level} [${Array(9)
        .fill(`*a${level - 1}`)
        .join(", ")}]`,
    );
  }
  return lines.join("\n");
}
