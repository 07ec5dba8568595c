import { formatProblems, type GatewayInput, resolveGateway, warningsOf } from "../config/index.ts";
import type { Env } from "../durable/environment.ts";
import { limitThisIsolate } from "../durable/memory/isolate.ts";
import { AuthorizationCalls, type CallTarget } from "../durable/outbound/authorization-calls.ts";
import type { Runtime } from "../durable/runtime/runtime.ts";
import { ServiceObject } from "../durable/service-object.ts";
import { createApp } from "./app.ts";
import { reportOperatorToken } from "./operator/report-operator-token.ts";

/** What the entry of a Worker exports. */
export interface GatewayExports {
  /** The default export. */
  readonly worker: ExportedHandler<Env>;
  /** The class of the Durable Objects. */
  readonly ServiceObject: new (
    state: DurableObjectState,
    env: Env,
  ) => ServiceObject;
  /** Gives calls to authorization servers connections of their own. Without this export they share six. */
  readonly AuthorizationCalls: new (
    ctx: ExecutionContext<CallTarget>,
    env: Env,
  ) => AuthorizationCalls;
}

/**
 * Binds a configuration to the Worker, to its Durable Object class and to the entrypoint that makes its calls. If the
 * configuration is wrong, throws at module load and lists every problem: such a Worker can neither start nor be deployed.
 *
 * @param runtime clock and sources of randomness; tests replace the platform's own
 */
export function createGateway(input: GatewayInput, runtime?: Runtime): GatewayExports {
  const resolved = resolveGateway(input);
  if (!resolved.ok) throw new Error(formatProblems(resolved.problems));
  const { gateway } = resolved;
  for (const warning of warningsOf(gateway)) console.warn(`configuration: ${warning}`);
  const app = createApp(gateway, runtime);
  limitThisIsolate(gateway.memory);

  class ConfiguredServiceObject extends ServiceObject {
    constructor(state: DurableObjectState, env: Env) {
      super(state, env, gateway, runtime);
    }
  }
  class ConfiguredAuthorizationCalls extends AuthorizationCalls {
    constructor(ctx: ExecutionContext<CallTarget>, env: Env) {
      super(ctx, env, gateway);
    }
  }
  let isChecked = false;
  const worker: ExportedHandler<Env> = {
    fetch: (request, env, ctx) => {
      // The environment is first available here. Each isolate logs an unusable token once.
      if (!isChecked) reportOperatorToken(env, gateway.operator.tokenSecret);
      isChecked = true;
      return app.fetch(request, env, ctx);
    },
  };
  return { worker, ServiceObject: ConfiguredServiceObject, AuthorizationCalls: ConfiguredAuthorizationCalls };
}
