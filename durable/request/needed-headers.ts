import type { Service } from "../../config/index.ts";
import type { DecideRequest, NeedsHeaders } from "../rpc.ts";

/**
 * What to answer where the question may lack headers that the filter reads: the Worker chose them by its own configuration,
 * which may be another for the time of a deployment. Undefined where it has all.
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
