/** The platform's rate limiting binding, as far as this takes it. */
interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/**
 * Whether a client may bring about one more call, by a rate limiting binding of the Worker. It protects the authorization server and
 * is no gate: where the binding is missing or fails, calls go on, and the log says so.
 *
 * @param binding of the environment, or undefined where the configuration names none
 * @param log called once
 */
export function rateLimit(
  binding: { readonly name: string; readonly value: unknown } | undefined,
  log: (line: string) => void,
): ((clientGroup: string) => Promise<boolean>) | undefined {
  if (binding === undefined) return undefined;
  const { name, value } = binding;
  if (!isRateLimiter(value)) {
    log(`rate limiting binding ${name} is missing: add it to wrangler.toml; until then nothing is limited`);
    return undefined;
  }
  let hasFailed = false;
  return async (key) => {
    try {
      return (await value.limit({ key })).success;
    } catch (error) {
      if (!hasFailed) log(`rate limiting binding ${name} fails, so nothing is limited: ${String(error)}`);
      hasFailed = true;
      return true;
    }
  };
}

function isRateLimiter(value: unknown): value is RateLimiter {
  return typeof value === "object" && value !== null && "limit" in value && typeof value.limit === "function";
}
