import { expect, it } from "vitest";
import type { Gateway } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import { decisionProblems, gatewayProblems } from "./gateway-problems.ts";

const gateway = { services: [], analytics: { binding: "EBB_ANALYTICS" } } as unknown as Gateway;

it("a missing Analytics Engine binding is a problem, but keeps the gateway from no decision", () => {
  const complete = { SERVICE_OBJECT: { getByName: () => undefined } } as unknown as Env;
  const [problem] = gatewayProblems(gateway, complete);
  expect(problem).toMatch(/EBB_ANALYTICS.*is missing/);
  expect(decisionProblems(gateway, complete)).toEqual([]);
});

it("a missing binding of the services' objects keeps the gateway from deciding", () => {
  const empty = {} as unknown as Env;
  expect(gatewayProblems(gateway, empty)).toHaveLength(2);
  expect(decisionProblems(gateway, empty)).toEqual([expect.stringContaining("SERVICE_OBJECT")]);
});
