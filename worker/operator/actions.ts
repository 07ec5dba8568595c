import { asksAboutVerifiedSubject } from "../../config/authorization-parts.ts";
import type { Gateway, Service } from "../../config/index.ts";
import { type Env, serviceObject } from "../../durable/environment.ts";
import { edgeTtlMsOf } from "../edge/edge-cache.ts";
import type { Front } from "../front.ts";
import { againAfterReset } from "../object-errors.ts";
import type { ActionReport, EdgePurgeReport, RestartReport } from "./action-report.ts";
import { credentialsMeant, subjectsMeant } from "./credentials-meant.ts";
import type { ActionRequest } from "./read-action.ts";

/** Restarts filters in place, or reports what that would free and cost. */
export function restartServices(
  { gateway }: Front,
  env: Env,
  { service, dryRun = false }: ActionRequest,
  cfRay: string | null,
): Promise<ActionReport<RestartReport>> {
  return forEach(gateway, service, async (name) => {
    const object = serviceObject(env, name);
    if (dryRun) return { plan: await object.restartPlan() };
    const outcome = await object.restart("operator", cfRay);
    return outcome === "restarted" ? { restarted: true } : { restarted: false, why: outcome };
  });
}

/** Purges the decisions of one credential or all. */
export function purgeServices(
  { gateway, edge, credentials }: Front,
  env: Env,
  { service, credential }: ActionRequest,
  cfRay: string | null,
): Promise<ActionReport<EdgePurgeReport>> {
  const meant = credential === undefined ? undefined : credentialsMeant(credential);
  return forEach(gateway, service, async (name) => {
    const purged = gateway.services.find((candidate) => candidate.name === name)!;
    const report = await againAfterReset(() =>
      serviceObject(env, name).purge({ service: name, ...purgedCredentials(purged, meant), cfRay }),
    );
    edge.forget(name);
    credentials.forget(name);
    return { ...report, ...elsewhere(edgeTtlMsOf(purged), credentials.keptForMs(purged)) };
  });
}

/** The object of a service that asks about subjects knows no tokens. */
function purgedCredentials({ filterKind }: Service, meant: string[] | undefined): { credentials?: string[] } {
  if (meant === undefined) return {};
  const isAboutSubjects = filterKind.kind === "built-in" && asksAboutVerifiedSubject(filterKind.authorization);
  return { credentials: isAboutSubjects ? [...meant, ...subjectsMeant(meant)] : meant };
}

function elsewhere(edgeTtlMs: number, verifiedForMs: number): Pick<EdgePurgeReport, "edgeTtlMs" | "verifiedForMs"> {
  return { ...(edgeTtlMs > 0 ? { edgeTtlMs } : {}), ...(verifiedForMs > 0 ? { verifiedForMs } : {}) };
}

async function forEach<Outcome>(
  gateway: Gateway,
  service: string | undefined,
  act: (name: string) => Promise<Outcome>,
): Promise<ActionReport<Outcome>> {
  const names = service === undefined ? gateway.services.map(({ name }) => name) : [service];
  const outcomes = await Promise.all(
    names.map(async (name) => {
      try {
        return [name, await act(name)] as const;
      } catch (error) {
        return [name, { error: String(error) }] as const;
      }
    }),
  );
  return { services: Object.fromEntries(outcomes) };
}
