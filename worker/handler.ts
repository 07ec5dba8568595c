import type { Handler } from "../config/gateway.ts";
import { type Env, isDevelopment } from "../durable/environment.ts";

/** A handler that gave no response. The message says how, for the log. */
export class HandlerFailure extends Error {
  override readonly name = "HandlerFailure";
}

/**
 * Lets a handler in this Worker answer a request that may pass.
 *
 * @throws HandlerFailure if it throws, or answers with anything but a response that can be sent
 */
export async function answerOfHandler(
  handler: Handler,
  request: Request,
  env: Env,
  ctx: ExecutionContext,
): Promise<Response> {
  let answer: unknown;
  try {
    answer = await handler.fetch(request, env, contextOf(ctx));
  } catch (error) {
    throw new HandlerFailure(`threw ${shown(error, isDevelopment(env))}`);
  }
  const problem = whyUnusable(answer, request);
  if (problem !== undefined) throw new HandlerFailure(problem);
  return answer as Response;
}

/**
 * Ends a body that the handler has answered without reading. Unlike `fetch`, a handler does not end it by itself.
 *
 * @param response undefined if the handler failed
 */
export function discardUnread({ body, bodyUsed }: Request, response: Response | undefined): void {
  // A response may send the request's body back.
  if (body === null || bodyUsed || body.locked || response?.body === body) return;
  body.cancel().catch(() => {});
}

/** The platform would fail while it sends these, outside of the gateway. */
function whyUnusable(answer: unknown, { headers }: Request): string | undefined {
  if (!(answer instanceof Response)) return `returned ${nounOf(answer)}, not a Response`;
  if (answer.bodyUsed || answer.body?.locked === true) return "returned a Response whose body is already read";
  if (answer.webSocket !== null && !headers.has("upgrade"))
    return "returned a WebSocket to a request that asks for none";
  return answer.type === "error" ? "returned Response.error()" : undefined;
}

/** A router without a match, for example, returns undefined. */
function nounOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "another object" : `a ${typeof value}`;
}

/**
 * The request's context without `passThroughOnException`. After that, the platform would send the client's own request to the
 * origin, with the identity headers that a client must not set.
 */
function contextOf(ctx: ExecutionContext): ExecutionContext {
  return new Proxy(ctx, {
    get(target, name) {
      if (name === "passThroughOnException") return () => {};
      const value: unknown = Reflect.get(target, name, target);
      // The platform's methods work on its own object only.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The kind of an error and where it was thrown. Its message may hold what a client sent, so it is shown in development only. */
function shown(error: unknown, isWhole: boolean): string {
  if (isWhole) return error instanceof Error ? (error.stack ?? String(error)) : String(error);
  if (!(error instanceof Error)) return `a ${typeof error}`;
  const { name, message, stack = "" } = error;
  const frames = stack.slice(stack.indexOf(message) + message.length);
  const [frame] = /\bat .+/.exec(frames) ?? [];
  return frame === undefined ? name : `${name} ${frame}`;
}
