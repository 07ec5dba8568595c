import fc from "fast-check";
import { expect, it } from "vitest";
import { FairQueue } from "./fair-queue.ts";

const any = () => true;

function taken(queue: FairQueue<string>): string[] {
  const items: string[] = [];
  for (let item = queue.take(any); item !== undefined; item = queue.take(any)) items.push(item);
  return items;
}

it("gives each group its turn", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "a3", "a4", "b1", "c1", "b2"]) queue.add(item[0]!, item);
  expect(taken(queue)).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
});

it("keeps the order within a group, and skips items that may not go yet", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "b1"]) queue.add(item[0]!, item);
  expect(queue.take((item) => item !== "a1")).toBe("a2");
  expect(queue.take((item) => item.startsWith("a"))).toBe("a1");
  expect(queue.take((item) => item.startsWith("a"))).toBeUndefined();
  expect(queue.size).toBe(1);
});

it("makes no item wait for more than one item of each other group", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 60 }), (groups) => {
      const queue = new FairQueue<string>();
      for (const [n, group] of groups.entries()) queue.add(group, `${group}${n}`);
      queue.add("newcomer", "newcomer");
      expect(queue.size).toBe(groups.length + 1);
      const order = taken(queue);
      expect(order.indexOf("newcomer")).toBeLessThanOrEqual(new Set(groups).size);
      for (const group of new Set(groups)) {
        const own = order
          .filter((item) => item.startsWith(group) && item !== "newcomer")
          .map((item) => Number(item.slice(1)));
        expect(own).toEqual(own.toSorted((x, y) => x - y));
      }
      expect(queue.size).toBe(0);
    }),
  );
});

it("forgets removed items", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "b1", "a2"]) queue.add(item[0]!, item);
  queue.remove("a1");
  queue.remove("never there");
  expect([queue.size, taken(queue)]).toEqual([2, ["a2", "b1"]]);
});
