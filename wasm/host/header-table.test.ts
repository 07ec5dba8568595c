import { describe, expect, it } from "vitest";
import type { HeaderList } from "./header-table.ts";
import { HeaderTable } from "./header-table.ts";
import { HOST_LIMITS } from "./host-limits.ts";

const REQUEST: HeaderList = [
  [":method", "GET"],
  ["accept", "a"],
  ["x-id", "1"],
  ["accept", "b"],
  ["cookie", "a=1"],
  ["cookie", "b=2"],
];

describe("a header table", () => {
  it("joins repeated headers, so that no value passes unseen", () => {
    const table = new HeaderTable(REQUEST);
    expect(table.get("accept")).toBe("a, b");
    expect(table.get("cookie")).toBe("a=1; b=2");
    expect(table.get("absent")).toBeUndefined();
  });

  it("never changes the list it was created from", () => {
    const before = structuredClone(REQUEST);
    const table = new HeaderTable(REQUEST);
    table.add("x-new", "1");
    table.replace("accept", "c");
    table.remove("x-id");
    expect(REQUEST).toEqual(before);
  });

  it("replaces all values with one, at the position of the first", () => {
    const table = new HeaderTable(REQUEST);
    table.replace("accept", "c");
    expect(table.entries.map(([name, value]) => `${name}=${value}`)).toEqual([
      ":method=GET",
      "accept=c",
      "x-id=1",
      "cookie=a=1",
      "cookie=b=2",
    ]);
  });

  it("reports the final values of changed headers, and nothing else", () => {
    const table = new HeaderTable(REQUEST);
    table.add("accept", "c");
    table.replace(":method", "POST");
    table.remove("cookie");
    table.remove("absent");
    table.replace("x-temporary", "1");
    table.remove("x-temporary");
    expect(table.changes()).toEqual([
      { name: "accept", values: ["a", "b", "c"] },
      { name: ":method", values: ["POST"] },
      { name: "cookie", values: [] },
      { name: "x-temporary", values: [] },
    ]);
  });

  it("reports only differences when the whole map is replaced", () => {
    const table = new HeaderTable(REQUEST);
    table.replaceAll([...REQUEST.filter(([name]) => name !== "x-id"), ["accept", "c"], ["x-new", "1"]]);
    expect(table.changes()).toEqual([
      { name: "accept", values: ["a", "b", "c"] },
      { name: "x-id", values: [] },
      { name: "x-new", values: ["1"] },
    ]);
  });

  it("refuses more headers than its limit, and more bytes", () => {
    const many = new HeaderTable([]);
    for (let index = 0; index < HOST_LIMITS.headersPerMap; index++) expect(many.add(`x-${index}`, "")).toBe(true);
    expect(many.add("x-more", "")).toBe(false);
    expect(many.replace("x-0", "still fits")).toBe(true);
    expect(many.count).toBe(HOST_LIMITS.headersPerMap);

    const large = new HeaderTable([]);
    const half = "v".repeat(HOST_LIMITS.headerMapBytes / 2);
    expect(large.add("x", half)).toBe(true);
    expect(large.add("y", half)).toBe(false);
    expect(large.replace("x", half)).toBe(true);
    large.remove("x");
    expect(large.add("y", half)).toBe(true);
  });

  it("does not grow when new headers are added and removed all the time, or the whole map is replaced", () => {
    const added = new HeaderTable([]);
    const addAndRemove = (name: string): boolean => {
      const fits = added.add(name, "");
      added.remove(name);
      return fits;
    };
    for (let n = 0; n < HOST_LIMITS.changedNamesPerMap; n++) expect(addAndRemove(`x-${n}`)).toBe(true);
    expect(addAndRemove("x-more")).toBe(false);
    expect(addAndRemove("x-0")).toBe(true);

    const long = new HeaderTable([]);
    const name = (n: number): string => String(n).padStart(HOST_LIMITS.textBytes, "x");
    const fitting = HOST_LIMITS.changedNameBytes / HOST_LIMITS.textBytes;
    for (let n = 0; n < fitting; n++) expect(long.replaceAll([[name(n), ""]])).toBe(true);
    expect(long.replaceAll([[name(fitting), ""]])).toBe(false);
    expect(long.count).toBe(1);
  });
});
