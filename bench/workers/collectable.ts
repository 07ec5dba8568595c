import type { MemoryContender } from "../gateway/memory-contenders.ts";
import asking, { Asking } from "./asking-object.ts";
import byHand, { Decisions } from "./by-hand.ts";
import gateway, { AuthorizationCalls, ServiceObject } from "./gateway.ts";
import noOp, { NoOp } from "./no-op-object.ts";

export { Asking, AuthorizationCalls, Decisions, NoOp, ServiceObject };

/** Set when the Worker is bundled. */
declare const CONTENDER: MemoryContender;
/** Exists with `--expose-gc`. */
declare const gc: () => void;

const handler: ExportedHandler<never> = { noop: noOp, asking, byHand, cached: gateway }[
  CONTENDER
] as ExportedHandler<never>;

/** One of the contenders; `/gc` makes V8 collect all garbage. */
export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/gc") return handler.fetch!(request as never, env, ctx);
    for (let n = 0; n < 5; n += 1) {
      gc();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    return new Response();
  },
} satisfies ExportedHandler<never>;
