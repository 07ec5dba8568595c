import { expect, it } from "vitest";
import { isObjectReset } from "./object-errors.ts";

const error = (message: string, fields: object) => Object.assign(new Error(message), fields);

it.each([
  error("Durable Object reset because its code was updated.", { durableObjectReset: true }),
  error("Network connection lost.", { retryable: true }),
])("calls again after a reset or a lost connection: %o", (reset) => {
  expect(isObjectReset(reset)).toBe(true);
});

it.each([
  error("Durable Object is overloaded. Too many requests queued.", { overloaded: true, retryable: true }),
  error("Durable Object's isolate exceeded its memory limit and was reset.", { durableObjectReset: true }),
  error("Durable Object exceeded its CPU time limit and was reset.", { durableObjectReset: true }),
  error("a bug", {}),
  error("a bug", { durableObjectReset: "true" }),
  null,
  "reset",
])("does not call again after any other error: %o", (other) => {
  expect(isObjectReset(other)).toBe(false);
});
