import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { type GrowthRule, type GrowthStep, growthRuleOf, nextStepBytes, REMEMBERED_STEPS } from "./growth-rule.ts";

/** The last growth steps, and the rule that they follow. */
export class GrowthSteps {
  #steps: GrowthStep[] = [];
  #rule: GrowthRule | undefined;

  /** @param rule the stored rule, used until there are enough steps */
  constructor(rule: GrowthRule | undefined) {
    this.#rule = rule;
  }

  get rule(): GrowthRule | undefined {
    return this.#rule;
  }

  add(step: GrowthStep): void {
    this.#steps = [...this.#steps, step].slice(-REMEMBERED_STEPS);
    this.#rule = growthRuleOf(this.#steps) ?? this.#rule;
  }

  /** Allowed distance of growth events from a line: about a page, or a part of a larger step. */
  errorBytes(allocatedBytes: number): number {
    const grownBytes = this.#steps.reduce((sum, step) => sum + step.grownBytes, 0) / Math.max(1, this.#steps.length);
    return Math.max(0.8 * PAGE_BYTES, 0.1 * nextStepBytes(this.#rule, allocatedBytes), 0.08 * grownBytes);
  }
}
