import { PAGE_BYTES } from "../../wasm/byte-units.ts";
import { type GrowthRule, type GrowthStep, growthRuleOf, nextStepBytes, REMEMBERED_STEPS } from "./growth-rule.ts";

/** The last steps in which memory grew, and the rule that they follow. */
export class GrowthSteps {
  #steps: GrowthStep[] = [];
  #rule: GrowthRule | undefined;

  /** @param rule the one that was known before */
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

  /** How far growth events may lie from a line: a page of chance, or the part of a larger step between two samples. */
  errorBytes(allocatedBytes: number): number {
    const grownBytes = this.#steps.reduce((sum, step) => sum + step.grownBytes, 0) / Math.max(1, this.#steps.length);
    return Math.max(0.8 * PAGE_BYTES, 0.1 * nextStepBytes(this.#rule, allocatedBytes), 0.08 * grownBytes);
  }
}
