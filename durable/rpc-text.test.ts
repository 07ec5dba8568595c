import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Continue, DecideRequest } from "./rpc.ts";
import { decodeAsk, decodeContinue, encodeAsk, encodeContinue } from "./rpc-text.ts";

/** Any text that a field may hold; workerd lets no line feed into any. */
const text = fc.string({ unit: "binary" }).map((any) => any.replaceAll("\n", ""));
const name = fc.string({ unit: fc.constantFrom(..."abcxyz-09"), minLength: 1 });

const anyAsk: fc.Arbitrary<DecideRequest> = fc.record(
  {
    configVersion: text,
    service: text,
    serviceVersion: text,
    sentHeaders: fc.oneof(fc.constant("all" as const), fc.array(name)),
    method: text,
    path: text,
    query: text,
    host: text,
    scheme: fc.constantFrom("http" as const, "https" as const),
    headers: fc.array(fc.tuple(name, text)).map((pairs) => pairs.flat()),
    source: fc.record({ address: text }),
    endOfStream: fc.boolean(),
    doneInWorker: fc.array(name),
  },
  {
    requiredKeys: [
      "configVersion",
      "service",
      "serviceVersion",
      "method",
      "path",
      "query",
      "host",
      "scheme",
      "headers",
      "source",
      "endOfStream",
      "doneInWorker",
    ],
  },
);

describe("a question as a text", () => {
  it("comes back as it was", () => {
    fc.assert(
      fc.property(anyAsk, (ask) => {
        expect(decodeAsk(encodeAsk(ask))).toEqual(ask);
      }),
    );
  });

  it("is never made if a field holds a line feed, which would begin another field", () => {
    const fields = ["configVersion", "service", "serviceVersion", "method", "path", "query", "host"] as const;
    fc.assert(
      fc.property(anyAsk, fc.constantFrom(...fields), (ask, field) => {
        expect(() => encodeAsk({ ...ask, [field]: `${ask[field]}\nx` })).toThrow(TypeError);
        expect(() => encodeAsk({ ...ask, headers: [...ask.headers, "x", "a\nb"] })).toThrow(TypeError);
        expect(() => encodeAsk({ ...ask, source: { address: "1\n2" } })).toThrow(TypeError);
        expect(() => encodeAsk({ ...ask, sentHeaders: ["a\nb"] })).toThrow(TypeError);
      }),
    );
  });

  it("is read only if it has all fields and a value for each header", () => {
    const ask: DecideRequest = {
      configVersion: "c",
      service: "s",
      serviceVersion: "v",
      method: "GET",
      path: "/",
      query: "",
      host: "h",
      scheme: "http",
      headers: ["a", "b"],
      source: { address: "" },
      endOfStream: true,
      doneInWorker: ["find", "verify"],
    };
    const whole = encodeAsk(ask);
    const fields = whole.split("\n");
    for (let kept = 0; kept < fields.length; kept += 1) {
      const part = decodeAsk(fields.slice(0, kept).join("\n"));
      if (kept === 12) expect(part).toEqual({ ...ask, headers: [] });
      else expect(part).toBeUndefined();
    }
    expect(decodeAsk(`${whole}\nname`)).toBeUndefined();
    expect(decodeAsk(whole.replace("\nhttp\n", "\nftp\n"))).toBeUndefined();
    expect(decodeAsk(whole.replace("\n1\nfind,", "\nyes\nfind,"))).toBeUndefined();
    expect(decodeAsk(whole.replace("v\n\nGET", "v\nauthorization\nGET"))).toBeUndefined();
    for (const wrong of ["", undefined, null, 3, {}, ["a"]]) expect(decodeAsk(wrong)).toBeUndefined();
  });
});

describe("an allow as a text", () => {
  const anyAllow = fc.record({
    kind: fc.constant("continue" as const),
    changes: fc.array(fc.record({ name: text, values: fc.array(text) })),
    freshForMs: fc.nat(),
  });

  it("comes back as it was, with removals and empty values", () => {
    fc.assert(
      fc.property(anyAllow, (allow) => {
        expect(decodeContinue(encodeContinue(allow)!)).toEqual(allow);
      }),
    );
  });

  it.each(["cache", "server", "coalesced", "fail_open", "unchecked"] as const)(
    "says that it is by %s only if it is asked",
    (by) => {
      const allow: Continue = { kind: "continue", freshForMs: 7, changes: [{ name: "a", values: ["b"] }], by };
      expect(decodeContinue(encodeContinue(allow, true)!)).toEqual(allow);
      expect(decodeContinue(encodeContinue({ ...allow, changes: [] }, true)!).by).toBe(by);
      // Workers of earlier deployments do not ask, and know no other form.
      expect(encodeContinue(allow)).toBe("7\na\n1\nb");
      expect(encodeContinue({ ...allow, changes: [] }, false)).toBe("7");
    },
  );

  it("is no text if a filter set a line feed", () => {
    const allow = { kind: "continue", freshForMs: 0 } as const;
    expect(encodeContinue({ ...allow, changes: [{ name: "x-user", values: ["a\nb"] }] })).toBeUndefined();
    expect(encodeContinue({ ...allow, changes: [{ name: "x\ny", values: [] }] })).toBeUndefined();
  });

  it("is no text with headers for the client: a Worker of another deployment reads an object without them", () => {
    const allow = { kind: "continue", changes: [], freshForMs: 0 } as const;
    expect(encodeContinue({ ...allow, forClient: ["set-cookie", "a=1"] })).toBeUndefined();
  });

  it.each([
    "",
    "x",
    "x7",
    "c",
    "cs7",
    "c-1",
    "-1",
    "0\nx",
    "0\nx\nmany\na",
    "0\nx\n2\na",
    "0\nx\n-1",
    "0\nx\n1\na\ny",
    "0\nx\n0.5\na",
    "0\nx\n\na",
  ])("is refused if the text is %j", (wrong) => {
    expect(() => decodeContinue(wrong)).toThrow(TypeError);
  });
});
