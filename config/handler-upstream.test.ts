import { describe, expect, it } from "vitest";
import { shareUpstream } from "./neighbours.ts";
import { builtInService, gatewayOf, problemsOf, serviceOf } from "./testing/inputs.ts";
import { warningsOf } from "./warnings.ts";

const app = () => ({ fetch: () => new Response() });
const serviceWith = (upstream: unknown, fields = {}) => builtInService({ upstream, ...fields });
const problemsWith = (upstream: unknown) => problemsOf({ services: { orders: serviceWith(upstream) } });

describe("an upstream that is a handler", () => {
  it("is kept as the object that it is, an instance of a class or a function too", () => {
    class Router {
      fetch() {
        return new Response();
      }
    }
    const callable = Object.assign(() => {}, { fetch: () => new Response() });
    for (const handler of [app(), new Router(), callable]) {
      const { upstream } = serviceOf(serviceWith({ handler }));
      expect("handler" in upstream && upstream.handler).toBe(handler);
    }
  });

  it("is no part of the version, even if it refers to itself", () => {
    const one = app();
    const cyclic = Object.assign(app(), { self: {} });
    cyclic.self = cyclic;
    expect(serviceOf(serviceWith({ handler: one })).version).toBe(serviceOf(serviceWith({ handler: cyclic })).version);
    expect(serviceOf(serviceWith({ handler: one })).version).not.toBe(serviceOf(builtInService()).version);
  });

  it.each([
    [{ handler: undefined }, "upstream.handler: found nothing"],
    [{ handler: null }, "upstream.handler: found null"],
    [{ handler: "app" }, 'upstream.handler: found "app"'],
    [{ handler: {} }, "upstream.handler: found an object"],
    [{ handler: { fetch: "no function" } }, "upstream.handler: found an object"],
    [{ handler: () => {} }, "upstream.handler: found a function"],
    [{ handler: app(), url: "https://a.example" }, "upstream.url: found"],
    [{ handler: app(), binding: "A" }, "upstream.binding: found"],
    [{ handler: app(), stripPrefix: true }, "upstream.stripPrefix: found an unknown field"],
  ])("is refused if it is none: %j", (upstream, problem) => {
    expect(problemsWith(upstream)).toEqual([expect.stringContaining(problem)]);
  });

  it("is shared by services that have the same object, and by no others", () => {
    const handler = app();
    expect(shareUpstream({ handler }, { handler })).toBe(true);
    expect(shareUpstream({ handler }, { handler: app() })).toBe(false);
    expect(shareUpstream({ handler }, { url: "https://a.example" })).toBe(false);
    expect(shareUpstream({ binding: "A" }, { handler })).toBe(false);
  });

  it("has the identity headers of every service in front of it removed", () => {
    const handler = app();
    const { services } = gatewayOf({
      a: serviceWith({ handler }, { route: { prefix: "/a" }, identityHeaders: ["x-a"] }),
      b: serviceWith({ handler }, { route: { prefix: "/b" }, identityHeaders: ["x-b"] }),
      c: serviceWith({ handler: app() }, { route: { prefix: "/c" } }),
    });
    expect(services.map(({ identityHeaders }) => [...identityHeaders].sort())).toEqual([
      ["x-a", "x-b"],
      ["x-a", "x-b"],
      [],
    ]);
  });

  it("is warned of where a public rule of one service opens another's paths", () => {
    const handler = app();
    const gateway = gatewayOf({
      a: serviceWith(
        { handler },
        { route: { prefix: "/a", stripPrefix: true }, rules: [{ path: "/a/b/*", public: true }] },
      ),
      b: serviceWith({ handler }, { route: { prefix: "/b" } }),
    });
    expect(warningsOf(gateway)).toEqual([expect.stringContaining("services.b protects")]);
  });
});
