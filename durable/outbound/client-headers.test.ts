import { describe, expect, it } from "vitest";
import type { HeaderList, OutboundResult } from "../../wasm/host/index.ts";
import { FOR_CLIENT_ATTRIBUTE, ForClient, givenToClient, headersForClient } from "./client-headers.ts";

const reply = (status: number, headers: HeaderList): OutboundResult => ({
  ok: true,
  headers: [[":status", String(status)], ...headers],
  body: new Uint8Array(0),
  trailers: [],
});
const NAMES = ["set-cookie", "x-ends"];
const IN_REPLY = { names: NAMES, in: "reply" } as const;
const IN_RESULT = { names: NAMES, in: "result" } as const;
const NO_CALL = { headers: [] };
const COOKIES: HeaderList = [
  ["set-cookie", "a=1"],
  ["set-cookie", "b=2, 3"],
];

describe("headers for the client", () => {
  it("are the named ones of an allow, each cookie on its own", () => {
    expect(headersForClient(NAMES, reply(204, [["x-user", "ann"], ...COOKIES, ["x-ends", "9"]]))).toEqual([
      ...COOKIES,
      ["x-ends", "9"],
    ]);
    expect(headersForClient([], reply(200, COOKIES))).toEqual([]);
  });

  it.each([302, 401, 403, 500])("are not taken from a %i, which has its own way to the client", (status) => {
    expect(headersForClient(NAMES, reply(status, COOKIES))).toEqual([]);
  });

  it("are none without a reply, and none that the runtime could not read", () => {
    expect(headersForClient(NAMES, { ok: false, reason: "timeout" })).toEqual([]);
    expect(
      headersForClient(
        NAMES,
        reply(200, [
          ["set-cookie", "a=\ufffd"],
          ["x-ends", "1\u0000"],
        ]),
      ),
    ).toEqual([]);
  });

  it("go to the request that made the call, in place of those of its earlier call", () => {
    const place = new ForClient();
    const call = { headers: [], attributes: { [FOR_CLIENT_ATTRIBUTE]: place } as never };
    givenToClient(IN_REPLY, call, reply(200, COOKIES));
    expect(place.headers).toEqual(COOKIES);
    givenToClient(IN_REPLY, call, reply(200, []));
    expect(place.headers).toEqual([]);
    givenToClient(IN_REPLY, call, reply(200, COOKIES));
    givenToClient(IN_REPLY, call, { ok: false, reason: "reset" });
    expect(place.headers).toEqual([]);
  });

  it("keep the decision from being kept: the filter reads that in Set-Cookie, and in a Vary for other headers", () => {
    const withCookies = reply(200, COOKIES);
    expect(givenToClient(IN_REPLY, NO_CALL, withCookies)).toBe(withCookies);
    expect(givenToClient(IN_REPLY, NO_CALL, reply(200, [["x-ends", "9"]]))).toMatchObject({
      headers: [
        [":status", "200"],
        ["x-ends", "9"],
        ["vary", "*"],
      ],
    });
    const without = reply(200, [["x-user", "ann"]]);
    expect(givenToClient(IN_REPLY, NO_CALL, without)).toBe(without);
  });

  describe("in a result of OPA", () => {
    const ofResult = (result: object, status = 200) => ({
      ...reply(status, COOKIES),
      body: new TextEncoder().encode(JSON.stringify({ result })),
    });
    const added = { allowed: true, response_headers_to_add: { "Set-Cookie": ["c=3", "d=4"] } };
    const asked = (type: string, place = new ForClient()) => ({
      place,
      call: { headers: [["content-type", type]] as HeaderList, attributes: { [FOR_CLIENT_ATTRIBUTE]: place } as never },
    });

    it("are those of the result and not of the reply, and the filter reads in a Vary that it must not keep them", () => {
      const { place, call } = asked("application/json");
      const result = ofResult(added);
      expect(givenToClient(IN_RESULT, call, result)).toEqual({
        ...result,
        headers: [[":status", "200"], ...COOKIES, ["vary", "*"]],
      });
      expect(place.headers).toEqual([
        ["set-cookie", "c=3"],
        ["set-cookie", "d=4"],
      ]);
    });

    it("are none in the reply about the subject, and none in a reply that is no decision", () => {
      for (const [type, status] of [
        ["application/x-www-form-urlencoded", 200],
        ["application/json", 201],
        ["application/json", 403],
      ] as const) {
        const { place, call } = asked(type);
        const result = ofResult(added, status);
        expect(givenToClient(IN_RESULT, call, result)).toBe(result);
        expect(place.headers).toEqual([]);
      }
    });

    it("leave the filter nothing to read if they cannot be given as the result says", () => {
      const { place, call } = asked("application/json");
      place.headers = COOKIES;
      const broken = ofResult({ ...added, response_headers_to_add: { "x-ends": "1\r\nx: 2" } });
      expect(givenToClient(IN_RESULT, call, broken)).toEqual({ ...broken, body: new Uint8Array(0) });
      expect(place.headers).toEqual([]);
    });
  });
});
