/** The question to an AuthZEN decision point: how its parts are named, and that routes tell no more than is sent. */
import { describe, expect, it } from "vitest";
import { configuration, Harness, type Json, outcome, reply } from "./testing/harness.ts";

function authZen(changes: { [name: string]: Json } = {}, uri = "/todos/{todoId}/notes/{n}"): Harness {
  const protocol = {
    type: "authzen",
    cluster: "auth",
    authority: "pdp.example.com",
    path: "/evaluate",
    timeoutMs: 1000,
  };
  const harness = new Harness(
    configuration({
      protocol: { ...protocol, resource: "route", action: "method", subjectType: "identity", ...changes },
      rules: [
        { name: "rule-0", scopes: [], permission: "todos.edit", uri },
        { name: "rule-1", scopes: [], uri: "/files/*" },
        { name: "authenticate", scopes: [] },
      ],
    }),
  );
  harness.server = () => reply(200, [], { decision: true });
  return harness;
}

async function questionFor(harness: Harness, path: string, rule = "rule-0") {
  expect(outcome(await harness.ask({ token: "abc", method: "PUT", path, rule }))).toBe("continue");
  return JSON.parse(harness.lastCall().body);
}

describe("a route as the resource", () => {
  it("is named by the rule's pattern, with the path and what its parameters stand for", async () => {
    expect(await questionFor(authZen(), "/todos/4%2711/notes/a%22b?q=1")).toEqual({
      subject: { type: "identity", id: "abc", properties: { kind: "bearer" } },
      action: { name: "PUT", properties: { method: "PUT" } },
      resource: {
        type: "route",
        id: "/todos/{todoId}/notes/{n}",
        properties: {
          service: "orders",
          schema: "https",
          hostname: "api.example.com",
          uri: "https://api.example.com/todos/4%2711/notes/a%22b?q=1",
          path: "/todos/4%2711/notes/a%22b",
          params: { todoId: "4%2711", n: "a%22b" },
          rule: "rule-0",
        },
      },
      context: { scopes: [], headers: {} },
    });
  });

  it("has no query where only the path is sent", async () => {
    const { resource } = await questionFor(authZen({ uri: "path" }), "/todos/1/notes/2?q=1");
    expect(resource.properties).toMatchObject({
      uri: "https://api.example.com/todos/1/notes/2",
      path: "/todos/1/notes/2",
    });
  });

  it.each(["rule", "none"])("tells nothing of the path with uri %s, and one decision serves all paths", async (uri) => {
    const harness = authZen({ uri });
    const { resource } = await questionFor(harness, "/todos/1/notes/2?q=1");
    expect(resource.id).toBe("/todos/{todoId}/notes/{n}");
    expect(Object.keys(resource.properties)).toEqual(["service", "schema", "hostname", "rule"]);
    await questionFor(harness, "/todos/3/notes/4");
    expect(harness.calls).toHaveLength(1);
  });

  it("is asked about each path where the path is sent", async () => {
    const harness = authZen({ uri: "path" });
    await questionFor(harness, "/todos/1/notes/2");
    await questionFor(harness, "/todos/3/notes/2");
    expect(harness.calls).toHaveLength(2);
  });

  it("has no parameters for a wildcard, and only those that the path has", async () => {
    const wildcard = await questionFor(authZen(), "/files/a/b", "rule-1");
    expect(wildcard.resource).toMatchObject({ id: "/files/*", properties: { params: {} } });
    for (const path of ["/todos", "/todos/1", "/", "/todos/1/notes/2/3/", "//", "/todos//notes/"]) {
      const { params } = (await questionFor(authZen(), path)).resource.properties;
      for (const [name, value] of Object.entries(params)) {
        expect(["todoId", "n"]).toContain(name);
        expect(path.split("/")).toContain(value);
      }
    }
  });

  it("is the URI where no rule has a pattern", async () => {
    const { resource } = await questionFor(authZen(), "/other?q", "authenticate");
    expect(resource).toMatchObject({ type: "uri", id: "/other?q" });
    expect(resource.properties).not.toHaveProperty("params");
  });

  it("names the permission as the action if it shall", async () => {
    const { action } = await questionFor(authZen({ action: "permission" }), "/todos/1/notes/2");
    expect(action).toEqual({ name: "todos.edit", properties: { method: "PUT" } });
  });
});

describe("the form of a question", () => {
  it.each<[string, Json]>([
    ["missing", undefined as never],
    ["a text", "{}"],
    ["a text without its field", ["{}"]],
    ["a field without its text", [0]],
    ["two texts", ["{", "}"]],
    ["an unknown number", ["{}", 64]],
    ["a fraction", ["{}", 0.5]],
    ["a control character", ["\u0000", 0]],
  ])("is refused if it is %s", (_, question) => {
    const protocol = { type: "opa", cluster: "auth", authority: "a.example", path: "/p", timeoutMs: 1000 };
    const whole = { ...configuration(), protocol: { ...protocol, ...(question === undefined ? {} : { question }) } };
    expect(() => new Harness(whole)).toThrow();
  });
});
