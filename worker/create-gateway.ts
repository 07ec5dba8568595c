import {
  formatProblems,
  type Gateway,
  type GatewayInput,
  gatewayIn,
  resolveGateway,
  warningsOf,
} from "../config/index.ts";
import { type Env, missingBindings } from "../durable/environment.ts";
import { limitThisIsolate } from "../durable/memory/isolate.ts";
import { AuthorizationCalls, type CallTarget } from "../durable/outbound/authorization-calls.ts";
import type { Runtime } from "../durable/runtime/runtime.ts";
import { ServiceObject } from "../durable/service-object.ts";
import { type App, createApp } from "./app.ts";
import { reportOperatorTokens } from "./operator/report-operator-tokens.ts";

/** What the entry of a Worker exports. */
export interface GatewayExports {
  /** The default export, or a part of it: it fits beside handlers with any type of environment. */
  readonly worker: ExportedHandler<unknown>;
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
 * configuration is wrong, throws at module load and lists every problem: such a Worker can neither start nor be deployed. The
 * values of its variables are known later: while one is wrong, every request gets 503.
 *
 * @param runtime clock and sources of randomness; tests replace the platform's own
 */
export function createGateway(input: GatewayInput, runtime?: Runtime): GatewayExports {
  const resolved = resolveGateway(input);
  if (!resolved.ok) throw new Error(formatProblems(resolved.problems));
  const unfilled = resolved.gateway;
  limitThisIsolate(unfilled.memory);

  let filled: Gateway | undefined;
  /** An isolate has one environment, which is first available in a request. */
  const gatewayOf = (env: Env): Gateway => {
    filled ??= gatewayIn((name) => env[name], input, unfilled);
    return filled;
  };
  const appOf = (gateway: Gateway): App => {
    for (const warning of warningsOf(gateway)) console.warn(`configuration: ${warning}`);
    return createApp(gateway, runtime);
  };
  let app = unfilled.fault === undefined ? appOf(unfilled) : undefined;

  class ConfiguredServiceObject extends ServiceObject {
    constructor(state: DurableObjectState, env: Env) {
      super(state, env, gatewayOf(env), runtime);
    }
  }
  class ConfiguredAuthorizationCalls extends AuthorizationCalls {
    constructor(ctx: ExecutionContext<CallTarget>, env: Env) {
      super(ctx, env, gatewayOf(env));
    }
  }
  let isReported = false;
  const worker: ExportedHandler<unknown> = {
    fetch: (request, given, ctx) => {
      // What is missing in it is found out at run time, whatever its type.
      const env = given as Env;
      if (!isReported) report(gatewayOf(env), env);
      isReported = true;
      app ??= appOf(gatewayOf(env));
      return app.fetch(request, env, ctx);
    },
  };
  return { worker, ServiceObject: ConfiguredServiceObject, AuthorizationCalls: ConfiguredAuthorizationCalls };
}

/** Logs what is wrong with the environment, once in each isolate. */
function report(gateway: Gateway, env: Env): void {
  reportOperatorTokens(env, gateway.operator);
  if (gateway.fault !== undefined) console.error(`no request can pass: ${gateway.fault}`);
  for (const problem of missingBindings(gateway, env)) console.error(problem);
}
