import type { HeaderChange } from "../../wasm/host/index.ts";
import type { Continue, DenyResult, ExchangeStages } from "../rpc.ts";
import type { Exchange } from "./staged-exchange.ts";

/** What the object answers to a head (see rpc.ts). */
export type Answer = Continue | ContinueInStages | BodyFirst | DenyResult;

/**
 * The request's head may go on, and the filter is to see more of the exchange: `stages` says what. The Worker disposes
 * `exchange` at the end; until then it keeps the filter's instance in memory.
 */
export interface ContinueInStages {
  readonly kind: "continue_in_stages";
  readonly changes: HeaderChange[];
  readonly stages: ExchangeStages;
  readonly exchange: Exchange;
}

/** The filter wants the request's body before it decides on the head: the changes come with the body's answer. */
export interface BodyFirst {
  readonly kind: "body_first";
  readonly stages: ExchangeStages;
  readonly exchange: Exchange;
}
