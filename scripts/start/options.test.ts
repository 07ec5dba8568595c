import { describe, expect, test } from "vitest";
import { parseStartOptions } from "./options.ts";

describe("npm start", () => {
  test("serves on 8787 at the paper's pace", () => {
    const options = { port: 8787, fast: false, verbose: false, trial: true };
    expect(parseStartOptions([], {})).toEqual({ kind: "run", options });
    expect(parseStartOptions([], { PORT: "" })).toEqual({ kind: "run", options });
  });

  test("takes its port from PORT", () => {
    expect(parseStartOptions([], { PORT: "18787" })).toMatchObject({ options: { port: 18787 } });
  });

  test("takes --fast and --verbose", () => {
    expect(parseStartOptions(["--fast", "--verbose"], {})).toMatchObject({ options: { fast: true, verbose: true } });
  });

  test("takes --no-trial", () => {
    expect(parseStartOptions(["--no-trial"], {})).toMatchObject({ options: { trial: false } });
  });

  test("has a help option", () => {
    expect(parseStartOptions(["-h"], {})).toEqual({ kind: "help" });
  });

  test.each(["0", "65536", "-1", "80.5", "1e3", "0x50", "http", " 80"])(
    "refuses PORT=%j and says what is allowed",
    (port) => {
      expect(parseStartOptions([], { PORT: port })).toEqual({
        kind: "wrong",
        message: `PORT is ${JSON.stringify(port)}; allowed is a whole number from 1 to 65535.`,
      });
    },
  );

  test("refuses unknown options", () => {
    expect(parseStartOptions(["--fats"], {})).toMatchObject({
      kind: "wrong",
      message: expect.stringContaining("--fats"),
    });
  });
});
