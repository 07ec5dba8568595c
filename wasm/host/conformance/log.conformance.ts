import { describe, expect, it } from "vitest";
import { HOST_LIMITS } from "../index.ts";
import { ABI_VERSIONS } from "./puppet/abi-table.ts";
import { Status } from "./puppet/numbers.ts";
import { startPuppet } from "./puppet/start-puppet.ts";

describe.each(ABI_VERSIONS)("the log of a filter of ABI %s", (abi) => {
  it("accepts lines at each of the six levels", () => {
    const { director } = startPuppet(abi, {
      *configure(guest) {
        for (let level = 0; level < 6; level++) {
          expect(yield* guest.status("proxy_log", level, `line ${level}`)).toBe(Status.OK);
        }
      },
    });
    expect(director.levels).toEqual(["trace", "debug", "info", "warn", "error", "critical"]);
    expect(director.lines).toEqual(["line 0", "line 1", "line 2", "line 3", "line 4", "line 5"]);
  });

  it("returns BAD_ARGUMENT for an unknown level", () => {
    const { director } = startPuppet(abi, {
      *configure(guest) {
        expect(yield* guest.status("proxy_log", 6, "no such level")).toBe(Status.BAD_ARGUMENT);
        expect(yield* guest.status("proxy_log", -1, "no such level")).toBe(Status.BAD_ARGUMENT);
      },
    });
    expect(director.lines).toEqual([]);
  });

  it("accepts empty lines, and bytes that are not UTF-8", () => {
    const { director } = startPuppet(abi, {
      *configure(guest) {
        expect(yield* guest.status("proxy_log", 2, "")).toBe(Status.OK);
        expect(yield* guest.status("proxy_log", 2, Uint8Array.of(0x61, 0xff, 0x62))).toBe(Status.OK);
      },
    });
    expect(director.lines.at(-1)).toBe("a\ufffdb");
  });

  it("has no line of the guest if the embedder wants none, and the guest is told OK", () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        for (let level = 0; level < 6; level++) {
          expect(yield* guest.status("proxy_log", level, `line ${level}`)).toBe(Status.OK);
        }
      },
    });
    director.minimumLogLevel = "off";
    decide();
    expect(director.lines).toEqual([]);
  });

  it("is limited for each request", () => {
    const { director, decide } = startPuppet(abi, {
      *request_headers(guest) {
        for (let line = 0; line < 20; line++) expect(yield* guest.log("x".repeat(8_000))).toBe(Status.OK);
      },
    });
    decide();
    const bytes = director.lines.join("").length;
    expect(bytes).toBeLessThanOrEqual(HOST_LIMITS.logBytesPerRequest + 200);
    director.clear();
    decide();
    expect(director.lines.length).toBeGreaterThan(1);
  });
});
