import type { HeaderChange } from "../../wasm/host/index.ts";
import type { Continue, DenyResult, ExchangeStages } from "../rpc.ts";
import type { Exchange } from "./staged-exchange.ts";

/** The object's answer to a head (see rpc.ts). */
export type Answer = Continue | ContinueInStages | BodyFirst | DenyResult;

/**
 * The request's head may pass, and the filter also sees the `stages` of the exchange. The Worker disposes `exchange` at the end;
 * until then it keeps the filter's instance in memory.
 */
export interface ContinueInStages {
  readonly kind: "continue_in_stages";
  readonly changes: HeaderChange[];
  readonly stages: ExchangeStages;
  readonly exchange: Exchange;
}

/** The filter needs the request's body to decide on the head: the changes come with the body's answer. */
export interface BodyFirst {
  readonly kind: "body_first";
  readonly stages: ExchangeStages;
  readonly exchange: Exchange;
}
