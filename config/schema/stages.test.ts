import { describe, expect, it } from "vitest";
import { builtInService, otherService, problemsOf, serviceOf } from "../testing/inputs.ts";

function problemsWith(fields: Record<string, unknown>): string[] {
  return problemsOf({ services: { orders: otherService(fields) } }).map((line) => line.replace("services.orders.", ""));
}

describe("the stages of a service", () => {
  it("are only those that are listed", () => {
    expect(serviceOf(otherService()).stages).toEqual({
      requestBody: false,
      responseHeaders: false,
      responseBody: false,
    });
    expect(serviceOf(otherService({ stages: ["response-headers", "request-body"] })).stages).toEqual({
      requestBody: true,
      responseHeaders: true,
      responseBody: false,
    });
  });

  it("cannot be trailers, and the message says why", () => {
    expect(problemsWith({ stages: ["request-trailers"] })).toEqual([
      expect.stringMatching(/^stages\[0\]: found "request-trailers"; allowed: .*no trailers, which Workers does not/),
    ]);
    expect(problemsWith({ stages: ["body"] })).toEqual([expect.not.stringContaining("trailers")]);
    expect(problemsWith({ stages: "request-body" })).toHaveLength(1);
  });

  it("are not for the built-in filter, which decides on the head", () => {
    const fields = { stages: ["request-body"], body: {}, ticks: "alarm" };
    expect(problemsOf({ services: { orders: builtInService(fields) } })).toEqual([
      expect.stringMatching(/^services\.orders\.body: .*the built-in filter decides on the head alone/),
      expect.stringMatching(/^services\.orders\.stages: /),
      expect.stringMatching(/^services\.orders\.ticks: /),
    ]);
  });
});

describe("a body", () => {
  it("has a limit of 1 MiB and waits for the head by default", () => {
    const stages = ["request-body"];
    expect(serviceOf(otherService({ stages, body: { limitBytes: 10 } })).body).toEqual({
      limitBytes: 10,
      whileHeadersPaused: false,
    });
    expect(serviceOf(otherService({ stages, body: { whileHeadersPaused: true } })).body).toEqual({
      limitBytes: 1_048_576,
      whileHeadersPaused: true,
    });
  });

  it.each([{ limitBytes: 0 }, { limitBytes: 16 * 1024 * 1024 + 1 }, { limitBytes: "1 MiB" }, { limit: 1 }])(
    "cannot be %j",
    (body) => {
      expect(problemsWith({ stages: ["request-body"], body })).toHaveLength(1);
    },
  );

  it("can be configured only if a stage reads it", () => {
    expect(problemsWith({ body: {} })).toEqual([expect.stringMatching(/^body: found no body stage/)]);
    expect(problemsWith({ stages: ["response-headers"], body: {} })).toHaveLength(1);
    expect(problemsWith({ stages: ["response-body"], body: { limitBytes: 1 } })).toEqual([]);
    expect(problemsWith({ stages: ["response-body"], body: { whileHeadersPaused: true } })).toEqual([
      expect.stringMatching(/^body\.whileHeadersPaused: /),
    ]);
  });
});

describe("ticks and failures", () => {
  it("accept only their own modes", () => {
    expect(serviceOf(otherService({ ticks: "alarm", failurePolicy: "reload" }))).toMatchObject({
      ticks: "alarm",
      failurePolicy: "reload",
    });
    expect(problemsWith({ ticks: "always" })).toHaveLength(1);
    expect(problemsWith({ failurePolicy: "pass" })).toHaveLength(1);
  });
});
