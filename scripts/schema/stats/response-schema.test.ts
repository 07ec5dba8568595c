import type { InferOutput } from "valibot";
import { expectTypeOf, it } from "vitest";
import type { StatsResponse } from "../../../worker/operator/stats-response.ts";
import type { statsResponse } from "./response-schema.ts";

/** Intersections as one object, and without `readonly`, which JSON does not have. */
type Plain<Value> = Value extends readonly (infer Item)[]
  ? Plain<Item>[]
  : Value extends object
    ? { -readonly [Name in keyof Value]: Plain<Value[Name]> }
    : Value;

type Described = Plain<InferOutput<typeof statsResponse>>;
type Declared = Plain<StatsResponse>;

it("the schema of /stats and the type StatsResponse are the same; `npm run check` fails otherwise", () => {
  expectTypeOf<Described>().toExtend<Declared>();
  expectTypeOf<Declared>().toExtend<Described>();
  // Either way of assigning overlooks fields that only one of them has, if they are optional.
  expectTypeOf<Described>().toEqualTypeOf<Declared>();
});
