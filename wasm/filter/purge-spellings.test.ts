/** A purge finds a credential in any spelling; calls and cache keys use the spelling as received. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { HeaderList } from "../host/index.ts";
import { configuration, filterModule, forwardAuth, Harness, type Json, outcome, reply } from "./testing/harness.ts";

const module = filterModule();
const SOURCES = [
  { from: "authorization", schemes: ["bearer", "basic"] },
  { from: "header", name: "x-key" },
  { from: "cookie", name: "sid" },
];

function start(changes: { [name: string]: Json } = {}): Harness {
  return new Harness(
    configuration({ credentials: SOURCES, protocol: forwardAuth({ upstreamHeaders: ["x-user"], ...changes }) }),
    module,
  );
}

async function hits(harness: Harness, headers: HeaderList): Promise<boolean> {
  const before = harness.calls.length;
  expect(outcome(await harness.ask({ headers }))).toBe("continue");
  return harness.calls.length === before;
}

const basic = (text: string): HeaderList => [["authorization", `Basic ${text}`]];
const bearer = (text: string): HeaderList => [["authorization", `Bearer ${text}`]];
const cookie = (text: string): HeaderList => [["cookie", `a=1; sid=${text}; b=2`]];
const header = (text: string): HeaderList => [["x-key", text]];
const signature = "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
const jwt = (last: string) => `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIiwiaWF0IjoxNTE2fQ.${last}`;

describe("spellings of one credential", () => {
  const groups: [string, HeaderList[], string[]][] = [
    [
      "Basic",
      ["dXNlcjpwdw==", "dXNlcjpwdw=", "dXNlcjpwdw", "dXNlcjpwdx==", "dXNlcjpwdz"].map(basic),
      ["dXNlcjpwdw==", "dXNlcjpwdw", "dXNlcjpwdx==", "user:pw"],
    ],
    ["Basic of the other alphabet", ["dTp+fj8/", "dTp-fj8_"].map(basic), ["dTp+fj8/", "dTp-fj8_", "u:~~??"]],
    [
      "a cookie",
      ["abc", '"abc"', "%61bc", "%2561bc", "a%62%63", '"a%62c"', '"\\141bc"', '"a\\bc"', "%22abc%22", "abc%20"].map(
        cookie,
      ),
      ["abc", '"abc"', "%61bc", " abc "],
    ],
    ["a cookie with a colon", ["s%3Aabc.def", "s:abc.def", '"s:abc.def"'].map(cookie), ["s%3Aabc.def", "s:abc.def"]],
    ["a header", ["abc", '"abc"', "%61bc", "ABC"].map(header), ["abc", "Abc"]],
    [
      "a UUID",
      [
        "550e8400-e29b-41d4-a716-446655440000",
        "{550E8400-E29B-41D4-A716-446655440000}",
        "550e8400e29b41d4a716446655440000",
      ].map(header),
      ["550e8400-e29b-41d4-a716-446655440000"],
    ],
    [
      "a signed token",
      [
        ...["c", "d", "e", "f"].map((last) => bearer(jwt(signature.slice(0, -1) + last))),
        bearer(`${jwt(signature)}=`),
        bearer(jwt(signature.replaceAll("_", "/"))),
        cookie(encodeURIComponent(jwt(signature)).replace("eyJ", "%65yJ")),
      ],
      [jwt(signature), jwt(`${signature.slice(0, -1)}f`)],
    ],
    [
      "a signed token whose last character may be punctuation",
      ["8", "9", "-", "_", "+", "/"].map((last) => bearer(jwt(signature.slice(0, -1) + last))),
      ["8", "_", "/"].map((last) => jwt(signature.slice(0, -1) + last)),
    ],
    [
      "a long token in base64",
      ["ZBCd", "ZBCd=", "ZBCe", "ZBCf=="].map((end) => bearer("q".repeat(39) + end)),
      [`${"q".repeat(39)}ZBCd`, `${"q".repeat(39)}ZBCg=`],
    ],
  ];

  it.each(groups)("as %s are purged together with any of them, and with no other", async (_, spellings, texts) => {
    for (const text of texts) {
      const harness = start();
      for (const headers of spellings) await harness.ask({ headers });
      const others = [bearer("other"), cookie("other"), header("other"), basic(btoa("other:pw"))];
      for (const headers of others) await harness.ask({ headers });
      expect(harness.handover.purgeCredential(text)).toBe(new Set(spellings.map(String)).size);
      for (const headers of spellings) expect(await hits(harness, headers)).toBe(false);
      for (const headers of others) expect(await hits(harness, headers)).toBe(true);
    }
  });

  it("each cause their own call, and are forwarded as received", async () => {
    const harness = start();
    for (const text of ["s%3Aabc", "s:abc", '"s:abc"']) {
      await harness.ask({ headers: cookie(text) });
      expect(harness.lastCall().header("cookie")).toBe(`sid=${text}`);
    }
    await harness.ask({ headers: basic("dXNlcjpwdx") });
    expect(harness.lastCall().header("authorization")).toBe("Basic dXNlcjpwdx");
    expect(harness.calls).toHaveLength(4);
  });

  it("are purged while a call for one of them is pending", async () => {
    const harness = start();
    const first = Promise.withResolvers<ReturnType<typeof reply>>();
    harness.server = () => first.promise;
    const waiting = harness.ask({ headers: cookie("%61bc") });
    harness.handover.purgeCredential("abc");
    harness.server = () => reply(403);
    first.resolve(reply(200));
    expect(outcome(await waiting)).toBe("403 denied");
  });

  it("do not merge different credentials", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.stringMatching(/^[a-z0-9]{4,12}$/), { minLength: 2, maxLength: 6 }),
        async (tokens) => {
          const harness = start();
          for (const token of tokens) await harness.ask({ token });
          expect(harness.handover.purgeCredential(tokens[0]!)).toBe(1);
          for (const token of tokens.slice(1)) expect(await hits(harness, bearer(token))).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("of any length and kind cost proportional time", async () => {
    const harness = start();
    const started = performance.now();
    for (const unit of ["%25", "%", "\\", '"', "%2525", "%22", "\\141", "."]) {
      const token = unit.repeat(Math.floor(8_192 / unit.length));
      await harness.ask({ headers: cookie(`x${token.slice(1)}`) });
      harness.handover.purgeCredential(token.repeat(2).slice(0, 16_384));
    }
    expect(performance.now() - started).toBeLessThan(500);
    expect(harness.instance.failure).toBeUndefined();
  });
});

describe("a Basic credential that is not base64", () => {
  it.each(["dXNl:cjpwdw", "dXNl=cjpwdw", "dXNlcjpwdw==x", "%64XNlcjpwdw", '"dXNlcjpwdw"', "==dXNlcjpwdw"])(
    "is refused: %s",
    async (text) => {
      const harness = start();
      expect(outcome(await harness.ask({ headers: basic(text) }))).toBe("401 malformed_credential");
      expect(harness.calls).toHaveLength(0);
    },
  );
});

describe("a chosen header", () => {
  const chosen = (name: string) => start({ requestHeaders: [name, "x-tenant"] });

  it.each<[string, HeaderList, string[]]>([
    ["cookie", [["cookie", "theme=dark; session=revoked; _ga=1"]], ["revoked", "%72evoked", '"revoked"']],
    ["cookie", [["cookie", 'session="rev%6Fked"']], ["revoked"]],
    [
      "cookie",
      [
        ["cookie", "a=1"],
        ["cookie", "session=revoked"],
      ],
      ["revoked"],
    ],
    ["x-api-key", [["x-api-key", " revoked"]], ["revoked"]],
    [
      "x-api-key",
      [
        ["x-api-key", "first"],
        ["x-api-key", "revoked"],
      ],
      ["first", "revoked"],
    ],
    ["x-session", [["x-session", "Token revoked"]], ["revoked"]],
    ["proxy-authorization", [["proxy-authorization", "Basic dXNlcjpwdx"]], ["dXNlcjpwdw==", "user:pw"]],
  ])("%s that a decision depends on is found by its content: %j", async (name, headers, texts) => {
    for (const text of texts) {
      const harness = chosen(name);
      harness.server = () => reply(200, [["x-user", "ada"]]);
      const request: HeaderList = [...bearer("good"), ...headers];
      const other: HeaderList = [
        ...bearer("good"),
        ["cookie", "theme=light"],
        [name === "cookie" ? "x-tenant" : name, "ok"],
      ];
      await harness.ask({ headers: request });
      await harness.ask({ headers: other });
      expect(harness.handover.purgeCredential(text)).toBe(1);
      expect(await hits(harness, request)).toBe(false);
      expect(await hits(harness, other)).toBe(true);
      expect(harness.handover.purgeCredential("good")).toBe(2);
    }
  });

  it("with more credentials than are tracked is found by every purge", async () => {
    const harness = chosen("cookie");
    const many = Array.from({ length: 40 }, (_, at) => `c${at}=v${at}`).join("; ");
    await harness.ask({ headers: [...bearer("good"), ["cookie", many]] });
    await harness.ask({ headers: [...bearer("good"), ["cookie", "a=1"]] });
    expect(harness.handover.purgeCredential("unheard-of")).toBe(1);
  });

  it("also applies to refusals, handed-over decisions, and pending calls", async () => {
    const harness = chosen("cookie");
    const headers: HeaderList = [...bearer("good"), ["cookie", "session=revoked"]];
    harness.server = () => reply(403, [["content-type", "text/plain"]], "no");
    expect(outcome(await harness.ask({ headers }))).toBe("403 denied");
    expect(outcome(await harness.ask({ headers }))).toBe("403 denied");
    expect(harness.calls).toHaveLength(1);
    const next = chosen("cookie");
    harness.handover.begin(33_554_432);
    while (harness.handover.moveTo(next.handover).kind === "moved");
    expect(next.handover.purgeCredential("revoked")).toBe(1);

    const held = Promise.withResolvers<ReturnType<typeof reply>>();
    next.server = () => held.promise;
    const waiting = next.ask({ headers });
    next.handover.purgeCredential("revoked");
    next.server = () => reply(200);
    held.resolve(reply(403));
    expect(outcome(await waiting)).toBe("continue");
    expect(await hits(next, headers)).toBe(true);
  });

  it("of a decision without waiters is found by every purge", async () => {
    const harness = chosen("cookie");
    const gone = new AbortController();
    const held = Promise.withResolvers<ReturnType<typeof reply>>();
    harness.server = () => held.promise;
    const headers: HeaderList = [...bearer("good"), ["cookie", "session=revoked"]];
    const waiting = harness.ask({ headers, signal: gone.signal });
    gone.abort();
    await waiting;
    held.resolve(reply(200));
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(harness.metric("ebb_cache_entries")).toBe(1);
    expect(harness.handover.purgeCredential("unheard-of")).toBe(1);
  });

  it("costs an entry a few bytes; without chosen headers it costs none", async () => {
    const bytes = async (harness: Harness): Promise<number> => {
      for (let at = 0; at < 1_000; at++) {
        await harness.ask({ headers: [...bearer(`t${at}`), ["cookie", "a=1; session=2"]] });
      }
      return harness.metric("ebb_cache_live_bytes") / 1_000;
    };
    expect(await bytes(start())).toBe(60);
    expect(await bytes(chosen("cookie"))).toBe(76);
  });
});
