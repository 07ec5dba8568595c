import { describe, expect, it } from "vitest";
import { builtInService, otherService, serviceOf } from "../../config/testing/inputs.ts";
import type { DecideRequest } from "../../durable/rpc.ts";
import { encodeAsk } from "../../durable/rpc-text.ts";
import { edgeKeyText } from "./edge-key.ts";

const question = (headers: string[], changes: Partial<DecideRequest> = {}): DecideRequest => ({
  configVersion: "c",
  service: "orders",
  serviceVersion: "s",
  method: "GET",
  path: "/orders/1",
  query: "?a",
  host: "api.example.com",
  scheme: "https",
  headers,
  source: { address: "192.0.2.1" },
  endOfStream: true,
  doneInWorker: [],
  ...changes,
});
const authorization = { protocol: "forward-auth", cluster: "auth", path: "/check", requestHeaders: ["x-tenant"] };
const traced = serviceOf(builtInService({ authorization: { ...authorization, unkeyedHeaders: ["traceparent"] } }));
const key = (service: typeof traced, asked: DecideRequest) => edgeKeyText(service, asked, encodeAsk(asked));

describe("the key of an allow in the Worker's isolate", () => {
  const headers = ["authorization", "Bearer abc", "x-tenant", "t"];

  it("leaves out headers that no decision depends on, present or not", () => {
    const asked = question([...headers, "traceparent", "1"]);
    expect(key(traced, asked)).toBe(key(traced, question([...headers, "traceparent", "2"])));
    expect(key(traced, asked)).toBe(key(traced, question(headers)));
    expect(asked.headers).toContain("traceparent");
  });

  it("has everything else of the question", () => {
    const asked = question([...headers, "traceparent", "1"]);
    const others = [
      question(["authorization", "Bearer abd", "x-tenant", "t", "traceparent", "1"]),
      question(["authorization", "Bearer abc", "x-tenant", "u", "traceparent", "1"]),
      question(["authorization", "Bearer abc", "traceparent", "1"]),
      // A value that reads like a name.
      question(["authorization", "Bearer abc", "x-tenant", "traceparent"]),
      question(asked.headers as string[], { path: "/orders/2" }),
      question(asked.headers as string[], { query: "" }),
      question(asked.headers as string[], { method: "HEAD" }),
      question(asked.headers as string[], { host: "other.example" }),
      question(asked.headers as string[], { serviceVersion: "t" }),
      question(asked.headers as string[], { source: { address: "192.0.2.2" } }),
    ];
    const keys = [asked, ...others].map((each) => key(traced, each));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each([serviceOf(builtInService({ authorization })), serviceOf(otherService())])(
    "is the whole question if every header is in the decision's key",
    (service) => {
      const asked = question([...headers, "traceparent", "1"]);
      expect(key(service, asked)).toBe(encodeAsk(asked));
    },
  );
});
