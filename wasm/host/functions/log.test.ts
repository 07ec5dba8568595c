import { describe, expect, it } from "vitest";
import { Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import { HostHarness } from "../testing/host-harness.setup.ts";

const log = (host: HostHarness, level: number, message: string | Uint8Array): number =>
  host.call("proxy_log", [level, ...host.put(message)]);

describe("proxy_log", () => {
  it("logs at exactly six levels", () => {
    const host = new HostHarness();
    for (let level = 0; level < 6; level++) expect(log(host, level, `line ${level}`)).toBe(Status.OK);
    expect(host.services.levels).toEqual(["trace", "debug", "info", "warn", "error", "critical"]);
    for (const level of [6, -1]) expect(log(host, level, "x")).toBe(Status.BAD_ARGUMENT);
    expect(host.services.lines).toHaveLength(6);
  });

  it("logs each line separately, so that none can be forged", () => {
    const host = new HostHarness();
    log(host, 2, "path /a\r\nerror: all is lost");
    expect(host.services.lines).toEqual(["path /a", "error: all is lost"]);
    expect(host.services.levels).toEqual(["info", "info"]);
  });

  it("accepts bytes that are not UTF-8, and rejects addresses outside memory", () => {
    const host = new HostHarness();
    log(host, 2, Uint8Array.of(0x61, 0xff));
    expect(host.services.lines).toEqual(["a\ufffd"]);
    expect(host.call("proxy_log", [2, 65_535, 2])).toBe(Status.INVALID_MEMORY_ACCESS);
  });

  it("cuts long lines, and drops and reports excess lines of a request once", () => {
    const host = new HostHarness();
    host.memory.grow(8);
    const line = "l".repeat(HOST_LIMITS.logLineBytes + 1);
    const lines = HOST_LIMITS.logBytesPerRequest / HOST_LIMITS.logLineBytes;
    for (let index = 0; index < lines + 3; index++) expect(log(host, 2, line)).toBe(Status.OK);
    expect(host.services.lines[0]).toHaveLength(HOST_LIMITS.logLineBytes);
    expect(host.services.levels).toEqual([...new Array<string>(lines - 1).fill("info"), "warn"]);

    const other = host.addStream();
    host.call("proxy_log", [2, ...host.put("another request")], other);
    expect(host.services.lines.at(-1)).toBe("another request");
  });
});

describe("the log level", () => {
  it("is trace unless the embedder sets another", () => {
    const host = new HostHarness();
    expect(host.call("proxy_get_log_level", [8])).toBe(Status.OK);
    expect(host.u32(8)).toBe(0);
    expect(host.call("proxy_get_log_level", [-1])).toBe(Status.INVALID_MEMORY_ACCESS);
  });

  it("drops lines below it", () => {
    const host = new HostHarness();
    host.services.minimumLogLevel = "warn";
    host.call("proxy_get_log_level", [8]);
    expect(host.u32(8)).toBe(3);
    log(host, 2, "info");
    log(host, 3, "warn");
    expect(host.services.lines).toEqual(["warn"]);
  });

  it("off drops all lines of the guest, who reads the highest level there is", () => {
    const host = new HostHarness();
    host.services.minimumLogLevel = "off";
    host.call("proxy_get_log_level", [8]);
    expect(host.u32(8)).toBe(5);
    for (const level of [0, 1, 2, 3, 4, 5]) log(host, level, "line");
    expect(host.services.lines).toEqual([]);
    host.vm.fail(new Error("of the host's own"));
    expect(host.services.lines).toEqual(["Error: of the host's own"]);
  });
});

describe("the lines kept for a failure", () => {
  it("are the last ones, with errors that are not logged", () => {
    const host = new HostHarness();
    host.services.minimumLogLevel = "off";
    log(host, 2, "hidden");
    for (const line of ["first", "second\nthird"]) log(host, 4, line);
    expect(host.vm.keptLines.last).toEqual(["error: first", "error: second", "error: third"]);
  });

  it("are few and short, and each context has its own", () => {
    const host = new HostHarness();
    log(host, 2, "l".repeat(1_000));
    expect(host.vm.keptLines.last[0]).toHaveLength("info: ".length + HOST_LIMITS.keptLogLineLength);
    const other = host.addStream();
    host.call("proxy_log", [5, ...host.put("of another")], other);
    for (let index = 0; index < 20; index += 1) log(host, 2, `line ${index}`);
    expect(host.vm.keptLines.last).toHaveLength(HOST_LIMITS.shownLogLines);
    expect(host.vm.keptLines.lastOf(other.id)).toEqual(["critical: of another"]);
    for (let index = 0; index < HOST_LIMITS.keptLogLines; index += 1) log(host, 2, "more");
    expect(host.vm.keptLines.lastOf(other.id)).toEqual([]);
  });
});
