import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FilterKind } from "../../config/index.ts";
import type { OutboundResult } from "../../wasm/host/index.ts";
import { answerClass } from "./answer-class.ts";

const other: FilterKind = { kind: "other" } as FilterKind;
const speaking = (protocol: string) => ({ kind: "built-in", authorization: { protocol } }) as FilterKind;

function answer(status: string, body = ""): OutboundResult {
  return { ok: true, headers: [[":status", status]], body: new TextEncoder().encode(body), trailers: [] };
}

describe("the class of an answer", () => {
  it("is by status for filters whose protocol is unknown, and under forward-auth", () => {
    for (const kind of [other, speaking("forward-auth")]) {
      expect(answerClass(answer("200"), kind)).toBe("allowed");
      expect(answerClass(answer("302"), kind)).toBe("allowed");
      expect(answerClass(answer("401"), kind)).toBe("denied");
      expect(answerClass(answer("403"), kind)).toBe("denied");
      expect(answerClass(answer("503"), kind)).toBe("failed");
      expect(answerClass({ ok: false, reason: "timeout" }, kind)).toBe("failed");
    }
  });

  it.each([
    ["introspection", '{"active":true}', '{"active":false}'],
    ["authzen", '{"decision":true}', '{"decision":false}'],
    ["opa", '{"result":true}', '{"result":false}'],
    ["opa", '{"result":{"allow":true}}', '{"result":{"allow":false}}'],
    ["opa", '{"result":{"allowed":true}}', '{"result":{"allowed":false}}'],
    ["opa", '{"result":true}', "{}"],
  ])("is by what %s says in the body", (protocol, allows, denies) => {
    expect(answerClass(answer("200", allows), speaking(protocol))).toBe("allowed");
    expect(answerClass(answer("200", denies), speaking(protocol))).toBe("denied");
  });

  it("is a denial for any other body", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (body) => {
        expect(answerClass(answer("200", body), speaking("introspection"))).toBe("denied");
      }),
    );
  });

  it("is a failure without a readable status", () => {
    expect(answerClass({ ok: true, headers: [], body: new Uint8Array(), trailers: [] }, other)).toBe("failed");
    expect(answerClass(answer("soon"), other)).toBe("failed");
  });
});
