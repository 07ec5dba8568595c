import { missingBinding } from "../../config/needed-bindings.ts";

/** The part of the platform's rate limiting binding that we use. */
interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/**
 * Whether a client may cause one more call, according to a rate limiting binding of the Worker. The limit protects the
 * authorization server and nothing else: if the binding is missing or fails, calls continue, and the log says so.
 *
 * @param binding from the environment; undefined if the configuration names none
 * @param log called once at most
 */
export function rateLimit(
  binding: { readonly name: string; readonly value: unknown } | undefined,
  log: (line: string) => void,
): ((clientGroup: string) => Promise<boolean>) | undefined {
  if (binding === undefined) return undefined;
  const { name, value } = binding;
  if (!isRateLimiter(value)) {
    log(`there is no limit: ${missingBinding({ kind: "rate-limit", name })}`);
    return undefined;
  }
  let hasFailed = false;
  return async (key) => {
    try {
      return (await value.limit({ key })).success;
    } catch (error) {
      if (!hasFailed) log(`rate limiting binding ${name} fails, so there is no limit: ${String(error)}`);
      hasFailed = true;
      return true;
    }
  };
}

function isRateLimiter(value: unknown): value is RateLimiter {
  return typeof value === "object" && value !== null && "limit" in value && typeof value.limit === "function";
}
