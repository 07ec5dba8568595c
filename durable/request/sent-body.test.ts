import { describe, expect, it } from "vitest";
import { BODY_DIGEST_HEADER } from "../../config/header-names.ts";
import { builtInService, serviceOf } from "../../config/testing/inputs.ts";
import type { DecideRequest } from "../rpc.ts";
import { encodeBodyName, isWhole, sentBodies } from "./sent-body.ts";

const service = (requestBody?: object) =>
  serviceOf(
    builtInService({
      authorization: { protocol: "forward-auth", cluster: "auth", path: "/check", method: "POST", requestBody },
    }),
  );

function ask(bytes: number | undefined, headers = [BODY_DIGEST_HEADER, "ab;whole"]): DecideRequest {
  return {
    ...{ configVersion: "1", service: "orders", serviceVersion: "1", method: "POST", path: "/", query: "", host: "a" },
    ...{ scheme: "https", headers, source: { address: "" }, endOfStream: false, doneInWorker: [] },
    ...(bytes === undefined ? {} : { requestBody: new Uint8Array(bytes) }),
  } as DecideRequest;
}

describe("the bodies that checks see", () => {
  it("are held only where a check sees them", () => {
    expect(sentBodies(service())).toBeUndefined();
    expect(sentBodies(service({ maxBytes: 10 }))).toBeDefined();
  });

  it("are given with their name to what decides", () => {
    const bodies = sentBodies(service({ maxBytes: 10 }))!;
    const decided = bodies.decide(ask(3), ({ body }) => body);
    expect(decided).toEqual({ bytes: new Uint8Array(3), name: "ab;whole" });
  });

  it.each<[string, DecideRequest]>([
    ["did not come", ask(undefined)],
    ["came without a name", ask(3, [])],
    ["came with another header", ask(3, ["x-a", BODY_DIGEST_HEADER])],
  ])("refuse a request whose body %s", (_, asked) => {
    const bodies = sentBodies(service({ maxBytes: 10 }))!;
    expect(bodies.decide(asked, () => "allowed")).toMatchObject({
      kind: "unavailable",
      reason: "configuration_mismatch",
    });
    expect(bodies.decide({ ...asked, endOfStream: true }, () => "allowed")).toBe("allowed");
  });

  it("are limited together, and make room for others when their requests are decided, or fail", async () => {
    const bodies = sentBodies(service({ maxBytes: 10 }))!;
    const size = 64 * 1_024;
    const deciding = Array.from({ length: 128 }, () => {
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      return { answer: bodies.decide(ask(size), () => promise), resolve, reject };
    });
    const overloaded = { kind: "respond", status: 503, details: "authorization_server_overloaded" };
    expect(bodies.decide(ask(1), () => "allowed")).toMatchObject(overloaded);
    expect(bodies.decide(ask(0), () => "allowed")).toBe("allowed");
    deciding[0]!.resolve("allowed");
    expect(await deciding[0]!.answer).toBe("allowed");
    expect(bodies.decide(ask(size), () => "allowed")).toBe("allowed");
    deciding[1]!.reject(new Error("reset"));
    await expect(deciding[1]!.answer).rejects.toThrow("reset");
    expect(() =>
      bodies.decide(ask(size), () => {
        throw new Error("trapped");
      }),
    ).toThrow("trapped");
    expect(bodies.decide(ask(2 * size), () => "allowed")).toBe("allowed");
    expect(bodies.decide(ask(2 * size + 1), () => "allowed")).toMatchObject(overloaded);
  });
});

describe("the name of a body", () => {
  it("is its digest, and whether it is whole", () => {
    const digest = Uint8Array.of(0, 10, 255);
    const name = encodeBodyName({ digest, isWhole: true });
    expect(name).toBe("000aff;whole");
    expect(isWhole({ bytes: digest, name })).toBe(true);
    expect(isWhole({ bytes: digest, name: encodeBodyName({ digest, isWhole: false }) })).toBe(false);
  });
});
