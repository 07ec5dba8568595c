import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rawPath, readAnyTarget, readTarget, rejectPath, TARGET_LIMITS } from "./request-target.ts";

/** The reason why a path is refused, or "ok" if it comes back unchanged. */
function read(pathAndQuery: string): string {
  const target = readTarget(`http://api.example${pathAndQuery}`);
  if (!target.ok) return target.reason;
  expect(target.path + target.query).toBe(pathAndQuery);
  return "ok";
}

describe("a target", () => {
  it("is split into parts, unchanged", () => {
    expect(readTarget("https://API.example:8443/Orders/a%20b;v=1?x=%2F..//&y=#".slice(0, -1))).toEqual({
      ok: true,
      scheme: "https",
      host: "api.example:8443",
      path: "/Orders/a%20b;v=1",
      query: "?x=%2F..//&y=",
    });
  });

  it.each([
    ["http://h:80/", "h"],
    ["http://h:080/", "h"],
    ["http://h:443/", "h:443"],
    ["https://h:443/", "h"],
    ["https://127.0.0.1:8443/", "127.0.0.1:8443"],
    ["http://1and1.example/", "1and1.example"],
    ["http://a.example./", "a.example."],
  ])("%s has the host %s, as a URL parser writes it", (url, host) => {
    expect(readTarget(url)).toMatchObject({ ok: true, host });
    expect(new URL(url).host).toBe(host);
  });

  it("keeps an empty query's question mark", () => {
    expect(readTarget("http://h/a?")).toMatchObject({ path: "/a", query: "?" });
    expect(readTarget("http://h/a")).toMatchObject({ path: "/a", query: "" });
  });

  it("has the root as its path if there is none", () => {
    expect(readTarget("http://h")).toMatchObject({ ok: true, path: "/" });
    expect(readTarget("http://h?q")).toMatchObject({ ok: true, path: "/", query: "?q" });
  });

  it.each(["http://[::1]:8787/", "http://localhost/", "http://10.0.0.1:1/", "http://a_b.example./"])(
    "may have the host of %s",
    (url) => {
      expect(readTarget(url).ok).toBe(true);
    },
  );

  it.each([
    ["", "malformed_url"],
    ["/orders", "malformed_url"],
    ["ftp://h/", "malformed_url"],
    ["*", "malformed_url"],
    ["http:///path", "malformed_host"],
    ["http://a b/", "malformed_host"],
    ["http://h:x/", "malformed_host"],
    ["http://h:99999/", "malformed_host"],
    ["http://127.1/", "malformed_host"],
    ["http://0x7f.0.0.1/", "malformed_host"],
    ["http://010.0.0.1:8787/", "malformed_host"],
    ["http://127.0.0.1./", "malformed_host"],
    ["http://a.0x1/", "malformed_host"],
    ["http://[0:0::1]/", "malformed_host"],
    ["http://h%2eexample/", "malformed_host"],
    ["http://ä.example/", "malformed_host"],
    ["http://user@h/", "userinfo_in_url"],
    ["http://api.example:80@evil.example/", "userinfo_in_url"],
    ["http://h/a#b", "fragment_in_url"],
    ["http://h/a?b#", "fragment_in_url"],
    ["http://h\\@evil.example/", "backslash_in_path"],
  ])("%j is refused: %s", (url, reason) => {
    expect(readTarget(url)).toMatchObject({ ok: false, reason });
  });
});

describe("a path with one reading", () => {
  it.each([
    "/",
    "/orders",
    "/orders/",
    "/orders/1?x=1",
    "/a.b/..c/...",
    "/.well-known/x",
    "/a%20b",
    "/caf%C3%A9",
    "/caf%c3%a9",
    "/a;v=1/b,c:d@e!$&'()*+=",
    "/100%25",
    "/%3Cscript%3E",
    "/[id]|x",
    "/%EF%BF%BD",
  ])("%s is accepted", (path) => {
    expect(read(path)).toBe("ok");
  });
});

describe("a path that two parsers could read differently", () => {
  it.each([
    ["/a%2fb", "encoded_slash_in_path"],
    ["/a%2Fb", "encoded_slash_in_path"],
    ["/a%5cb", "encoded_slash_in_path"],
    ["/..%5Cadmin", "encoded_slash_in_path"],
    ["/a\\b", "backslash_in_path"],
    ["/..\\admin", "backslash_in_path"],
    ["/.", "dot_segment_in_path"],
    ["/a/..", "dot_segment_in_path"],
    ["/a/../b", "dot_segment_in_path"],
    ["/a/./b", "dot_segment_in_path"],
    ["/a/%2e%2e/b", "dot_segment_in_path"],
    ["/a/.%2E/b", "dot_segment_in_path"],
    ["/a/%2e", "dot_segment_in_path"],
    ["/a/..;x/b", "dot_segment_in_path"],
    ["/a/..%20/b", "dot_segment_in_path"],
    ["/a/%20../b", "dot_segment_in_path"],
    ["/a/.%C2%A0", "dot_segment_in_path"],
    ["/a/..%E2%80%8B/b", "dot_segment_in_path"],
    ["/a/..%3Fx/b", "dot_segment_in_path"],
    ["/a/%EF%BC%8E%EF%BC%8E/b", "dot_segment_in_path"],
    ["/a/b%EF%BC%8F..%EF%BC%8Fc", "dot_segment_in_path"],
    ["/a/.../b%20c", "ok"],
    ["/a/b..%20c/..d%20", "ok"],
    ["/a/..;/b", "dot_segment_in_path"],
    ["/a/%2e%2e%3bx/b", "dot_segment_in_path"],
    ["/a/.;x=1", "dot_segment_in_path"],
    ["//a", "double_slash_in_path"],
    ["/a//b", "double_slash_in_path"],
    ["/a//", "double_slash_in_path"],
    ["//evil.example/a", "double_slash_in_path"],
    ["/a%00", "encoded_control_character"],
    ["/a%0d%0aX-User:%20root", "encoded_control_character"],
    ["/a%7F", "encoded_control_character"],
    ["/a%c2%85", "encoded_control_character"],
    ["/a\u0000", "control_character"],
    ["/a\tb", "control_character"],
    ["/a\r\nb", "control_character"],
    ["/a\u0085", "control_character"],
    ["/%", "malformed_percent_encoding"],
    ["/%4", "malformed_percent_encoding"],
    ["/%zz", "malformed_percent_encoding"],
    ["/%u002f", "malformed_percent_encoding"],
    ["/%61dmin", "needless_percent_encoding"],
    ["/%41", "needless_percent_encoding"],
    ["/a%2dz", "needless_percent_encoding"],
    ["/%7Euser", "needless_percent_encoding"],
    ["/a%252fb", "double_percent_encoding"],
    ["/a%252e%252e", "double_percent_encoding"],
    ["/%c0%af", "percent_encoding_not_utf8"],
    ["/%c0%ae%c0%ae/", "percent_encoding_not_utf8"],
    ["/%ff", "percent_encoding_not_utf8"],
    ["/%e2%82", "percent_encoding_not_utf8"],
    ["/%ed%a0%80", "percent_encoding_not_utf8"],
    ["/caf\u00e9", "non_ascii_character"],
    ["/\uff0e\uff0e/", "non_ascii_character"],
    ["/a b", "forbidden_character_in_path"],
    ['/a"b', "forbidden_character_in_path"],
    ["/{id}", "forbidden_character_in_path"],
    ["/a^b", "forbidden_character_in_path"],
  ])("%j is refused: %s", (path, reason) => {
    expect(read(path)).toBe(reason);
  });

  it("is refused beyond the length where servers' limits begin to differ", () => {
    const { maxPathCharacters, maxQueryCharacters } = TARGET_LIMITS;
    expect(read(`/${"a".repeat(maxPathCharacters - 1)}`)).toBe("ok");
    expect(read(`/${"a".repeat(maxPathCharacters)}`)).toBe("path_too_long");
    expect(read(`/?${"a".repeat(maxQueryCharacters)}`)).toBe("query_too_long");
  });
});

describe("a query", () => {
  it.each(["?a=../..//\\%2f%00%61%&b[]={}|^", "??", "?a=b c"])("%s is accepted, whatever its syntax", (query) => {
    expect(read(`/${query}`)).toBe("ok");
  });

  it("cannot hold characters that no request line can", () => {
    expect(read("/?a\r\nb")).toBe("control_character");
    expect(read("/?caf\u00e9")).toBe("non_ascii_character");
  });
});

describe("readTarget", () => {
  const hostile = fc
    .array(
      fc.oneof(
        fc.constantFrom(
          "/",
          "..",
          ".",
          "%2e",
          "%2F",
          "\\",
          ";",
          "//",
          "%",
          "%25",
          "%61",
          "%c3%a9",
          "a",
          "~",
          " ",
          "^",
          "\t",
        ),
        fc.string({ maxLength: 3, unit: "binary" }),
      ),
      { maxLength: 8 },
    )
    .map((parts) => `/${parts.join("")}`);

  it("never accepts a path that a URL parser would change", () => {
    fc.assert(
      fc.property(hostile, (path) => {
        fc.pre(!path.includes("?") && !path.includes("#"));
        if (rejectPath(path) === undefined) expect(new URL(path, "http://h").pathname).toBe(path);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never accepts a path that splits differently after decoding, or decodes further a second time", () => {
    fc.assert(
      fc.property(hostile, (path) => {
        if (rejectPath(path) !== undefined) return;
        const decoded = decodeURIComponent(path);
        expect(path.split("/").map(decodeURIComponent)).toEqual(decoded.split("/"));
        // Decoding a second time must change nothing.
        const twice = decoded.replace(/%[0-9a-f]{2}/gi, "");
        expect(twice).toBe(decoded);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never throws and never changes what it accepts", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: "binary" }), hostile), (text) => {
        const target = readTarget(`http://h${text}`);
        if (target.ok && text.startsWith("/")) expect(target.path + target.query).toBe(text);
        readTarget(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("a plain URL", () => {
  const part = fc.constantFrom(
    ...[
      "api",
      "Api",
      "example",
      "127",
      "1",
      "a-b",
      "x_y",
      "~u",
      "a.b",
      ".",
      "..",
      "%41",
      "%2e",
      "a;b",
      "+",
      "",
      "é",
      " ",
    ],
    ..."/?#@:\\&=",
  );
  const anyUrl = fc
    .tuple(
      fc.constantFrom("http", "https", "HTTP", "ftp"),
      fc.array(part, { maxLength: 8 }),
      fc.array(part, { maxLength: 8 }),
    )
    .map(([scheme, host, rest]) => `${scheme}://${host.join("")}/${rest.join("")}`);

  it("is read as any other", () => {
    fc.assert(
      fc.property(anyUrl, (url) => {
        expect(readTarget(url)).toEqual(readAnyTarget(url));
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    "http://api.example/",
    "http://api.example/orders/1",
    "https://a-b.api.example/orders/a_b~c/?x=1&y=a%20b,c+d",
    `http://api.example/${"a".repeat(TARGET_LIMITS.maxPathCharacters)}`,
    `http://api.example/a?${"a".repeat(TARGET_LIMITS.maxQueryCharacters)}`,
    "http://example.1/a",
    "http://api.example/a//b",
  ])("%.60s is read as any other", (url) => {
    expect(readTarget(url)).toEqual(readAnyTarget(url));
  });
});

it.each([
  ["http://api.example/a/b?c=/d", "/a/b"],
  ["http://api.example/a%2Fb/..", "/a%2Fb/.."],
  ["http://api.example", "/"],
  ["http://api.example/", "/"],
])("the raw path of %s is %s", (url, path) => {
  expect(rawPath(url)).toBe(path);
});
