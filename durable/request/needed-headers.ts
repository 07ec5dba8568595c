import type { Service } from "../../config/index.ts";
import type { DecideRequest, NeedsHeaders } from "../rpc.ts";

/**
 * The answer if the request may lack headers that the filter reads: the Worker chose them with its own configuration, which may
 * differ during a deployment. Undefined if no header is missing.
 */
export function missingHeaders(
  { version, neededHeaders }: Pick<Service, "version" | "neededHeaders">,
  { serviceVersion, sentHeaders }: Pick<DecideRequest, "serviceVersion" | "sentHeaders">,
): NeedsHeaders | undefined {
  if (serviceVersion === version || sentHeaders === "all") return undefined;
  if (neededHeaders === "all") return { kind: "needs_headers", headers: "all" };
  if (sentHeaders !== undefined && neededHeaders.every((name) => sentHeaders.includes(name))) return undefined;
  return { kind: "needs_headers", headers: [...neededHeaders] };
}
