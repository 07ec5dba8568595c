import { describe, expect, it } from "vitest";
import { caseName } from "./cases.ts";
import { parseOptions } from "./options.ts";

const names = (...argv: string[]) => parseOptions(argv).cases.map(caseName);

describe("the options of the evaluation", () => {
  it("by default run every scenario at four TTLs on the built-in filter, and guests with other growth rules", () => {
    const all = names();
    for (const scenario of ["constant", "diurnal", "flash-crowd", "sessions", "low"]) {
      for (const ttl of [60, 300, 1_200, 3_600]) expect(all).toContain(`${scenario} T=${ttl}s built-in`);
    }
    for (const rule of [
      "doubling",
      "plus-20-percent",
      "arena-4-mib",
      "lazy-expiry",
      "leak",
      "sliding-ttl",
      "size-classes",
    ]) {
      expect(all).toContain(`diurnal T=300s ${rule}`);
    }
    expect(all).toContain("diurnal T=1200s cap=600s built-in");
    expect(all).toContain("diurnal T=300s built-in handover");
    expect(all).toContain("diurnal T=300s built-in eviction");
    expect(new Set(all).size).toBe(all.length);
  });

  it("choose scenarios, TTLs, policies and seeds", () => {
    const { cases, density } = parseOptions([
      "--scenario",
      "diurnal",
      "--ttl",
      "60",
      "--policy",
      "uptime",
      "--seeds",
      "2",
    ]);
    expect(cases.map(caseName)).toEqual(["diurnal T=60s built-in", "diurnal T=60s built-in handover"]);
    expect(cases[0]).toMatchObject({ seeds: [1, 2], families: ["uptime"] });
    expect(density).toBe(false);
  });

  it("play a trace at several TTLs", () => {
    expect(names("--trace", import.meta.filename, "--ttl", "300,1800")).toEqual([
      "options.test.ts T=300s built-in",
      "options.test.ts T=300s built-in handover",
      "options.test.ts T=1800s built-in",
      "options.test.ts T=1800s built-in handover",
    ]);
  });

  it("play a trace by several decision keys and at several speeds", () => {
    const keys = ["--decision-key", "client,client+key", "--speed", "1,10"];
    expect(names("--trace", import.meta.filename, ...keys).filter((name) => !name.endsWith("handover"))).toEqual([
      "options.test.ts T=300s built-in",
      "options.test.ts 10x T=300s built-in",
      "options.test.ts by client+key T=300s built-in",
      "options.test.ts by client+key 10x T=300s built-in",
    ]);
  });

  it("take seeds as a count, a range or a list, for every case", () => {
    const seedsOf = (...argv: string[]) => [...new Set(parseOptions(argv).cases.map(({ seeds }) => seeds.join()))];
    expect(seedsOf("--seeds", "2", "--scenario", "low")).toEqual(["1,2"]);
    expect(seedsOf("--seeds", "6-11")).toEqual(["6,7,8,9,10,11"]);
    expect(seedsOf("--seeds", "4,9", "--trace", import.meta.filename)).toEqual(["4,9"]);
    expect(seedsOf("--trace", import.meta.filename)).toEqual(["1"]);
  });

  it("without --seeds run the four days at the usual TTL with seeds 1 to 5, and everything else with fewer", () => {
    for (const each of parseOptions([]).cases) {
      const isDay = /^(constant|diurnal|flash-crowd|sessions) T=300s built-in( handover)?$/.test(caseName(each));
      if (isDay) expect(each.seeds).toEqual([1, 2, 3, 4, 5]);
      else expect(each.seeds.length).toBeLessThan(3);
    }
  });

  it("run every case of the built-in filter with and without handover", () => {
    const all = names();
    for (const name of all.filter((each) => / built-in( eviction)?$/.test(each))) {
      expect(all).toContain(name.replace("built-in", "built-in handover"));
    }
    for (const scenario of ["low-hits", "bursts", "decline", "week", "growth", "denial-flood"]) {
      expect(all).toContain(`${scenario} T=300s built-in`);
    }
    for (const scenario of ["ttl-down T=600s", "ttl-up T=60s", "two-ttls T=600s"]) {
      expect(all).toContain(`${scenario} built-in handover`);
    }
    expect(all).toContain("constant T=300s calls-nobody");
  });

  it("give a module its configuration and root ID, and run it without handover, which the output says", () => {
    const module = import.meta.filename;
    const { cases, notes } = parseOptions([
      ...["--filter", module, "--filter-configuration", "a=b", "--root-id", "auth"],
      ...["--scenario", "diurnal"],
    ]);
    for (const { guest } of cases) expect(guest).toEqual({ file: module, configuration: "a=b", rootId: "auth" });
    expect(cases.map(caseName)).toContain("diurnal T=300s options.test.ts");
    expect(cases.filter(({ ttlMs }) => ttlMs !== 300_000)).toEqual([]);
    expect(cases.filter(({ handover }) => handover)).toEqual([]);
    const longer = names("--filter", module, "--ttl", "60,600");
    expect(longer).toContain("constant T=60s options.test.ts");
    expect(longer.filter((name) => name.includes("ttl"))).toEqual([]);
    expect(notes).toEqual([expect.stringContaining(`${module}: no runs with handover`)]);
    expect(parseOptions(["--scenario", "diurnal"]).notes).toEqual([]);
  });

  it.each([
    [["--root-id", "auth"], /--root-id: only with --filter/],
    [["--filter-configuration", "a=b"], /--filter-configuration: only with --filter/],
    [["--trace", "nowhere.csv"], /--trace nowhere\.csv: no such file/],
    [["--filter", "nowhere.wasm"], /--filter nowhere\.wasm: no such file/],
    [["--ttl", "soon"], /--ttl soon: allowed is a number from 1/],
    [["--ttl", "1234"], /nothing to run/],
    [["--scenario", "weekly"], /allowed are constant/],
    [["--policy", "luck"], /--policy luck: allowed are measured/],
    [["--entry-bytes", "20000"], /--entry-bytes 20000: allowed is a number from 0 to 16000/],
    [["--seeds", "21"], /--seeds 21: allowed are a count from 1 to 20/],
    [["--seeds", "6-"], /--seeds 6-: allowed are/],
    [["--seeds", "9-4"], /--seeds 9-4: allowed are/],
    [["--seeds", "1,x"], /--seeds 1,x: allowed are/],
    [["--decision-key", "key"], /--decision-key key: allowed are client, client\+key/],
    [["--trace", import.meta.filename, "--scenario", "low"], /--scenario and --trace: only one/],
    [["--trace", import.meta.filename, "--trace", "elsewhere/options.test.ts"], /called "options\.test\.ts" too/],
    [["--nonsense"], /nonsense/],
  ])("%j are refused", (argv, message) => {
    expect(() => parseOptions(argv)).toThrow(message);
  });
});
