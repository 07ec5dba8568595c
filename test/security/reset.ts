import type { Env } from "../../durable/environment.ts";
import { RESET_PATH } from "./configuration.ts";

type Resettable = Rpc.DurableObjectBranded & { resetNow(reason: string): Promise<void> };

/**
 * Resets the object of `?service=`, as a deployment does. @returns undefined if the request does not ask for a reset
 */
export async function resetIfAsked(request: Request, env: Env): Promise<Response | undefined> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname !== RESET_PATH) return undefined;
  const objects = env.SERVICE_OBJECT as unknown as DurableObjectNamespace<Resettable>;
  const stub = objects.getByName(searchParams.get("service") ?? "");
  await stub.resetNow(searchParams.get("reason") ?? "").catch(() => {});
  return new Response("reset");
}
