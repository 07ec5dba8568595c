import type { Gateway } from "../../config/index.ts";
import type { Env } from "../../durable/environment.ts";
import type { RestartPlan } from "../../durable/restart/restarts.ts";

/** What the operator can have done. The services it was done for by name; a service that could not be asked has an `error`. */
export interface ActionReport<Outcome> {
  readonly services: Readonly<Record<string, Outcome | { readonly error: string }>>;
}

/** What an operator's request asks for. */
export interface ActionRequest {
  /** Undefined: all. */
  readonly service?: string | undefined;
  /** Of a purge: only what was decided for it. As clients send it, without a scheme. */
  readonly credential?: string | undefined;
  /** Of a restart: only tells what it would free and cost. */
  readonly dryRun?: boolean | undefined;
}

export type ParsedAction =
  | { readonly ok: true; readonly action: ActionRequest }
  | { readonly ok: false; readonly reason: string };

/** A credential is at most as long as the filter takes it. */
const MOST_BODY_BYTES = 16_384;
const FIELDS = { service: "string", credential: "string", dryRun: "boolean" } as const;

/** Reads the body of an operator's request: JSON, or nothing. Never throws; `reason` is for people. */
export async function readAction(request: Request, gateway: Gateway): Promise<ParsedAction> {
  const text = await request.text();
  if (text.length > MOST_BODY_BYTES)
    return { ok: false, reason: `the body has more than ${MOST_BODY_BYTES} characters` };
  let fields: unknown = {};
  try {
    if (text.trim() !== "") fields = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'the body is no JSON; allowed is {"service": …, "credential": …, "dryRun": …}' };
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    return { ok: false, reason: "the body is no JSON object" };
  }
  for (const [name, value] of Object.entries(fields)) {
    const type = Object.hasOwn(FIELDS, name) ? FIELDS[name as keyof typeof FIELDS] : undefined;
    if (type === undefined) return { ok: false, reason: `${name}: allowed are ${Object.keys(FIELDS).join(", ")}` };
    if (typeof value !== type) return { ok: false, reason: `${name}: found a ${typeof value}, allowed is a ${type}` };
  }
  const action = fields as ActionRequest;
  if (action.credential === "")
    return { ok: false, reason: "credential: found an empty text; leave it out to purge all" };
  if (action.service !== undefined && !gateway.services.some(({ name }) => name === action.service)) {
    const names = gateway.services.map(({ name }) => name).join(", ");
    return { ok: false, reason: `service: found ${JSON.stringify(action.service)}, allowed are ${names}` };
  }
  return { ok: true, action };
}

/** Restarts filters in place, or tells what that would free and cost. */
export function restartServices(
  gateway: Gateway,
  env: Env,
  { service, dryRun = false }: ActionRequest,
): Promise<ActionReport<{ restarted: boolean } | { plan: RestartPlan | null }>> {
  return forEach(gateway, service, async (name) => {
    const object = env.SERVICE_OBJECT.getByName(name);
    return dryRun ? { plan: await object.restartPlan() } : { restarted: await object.restart("operator") };
  });
}

/** Drops decisions at once: of one credential or all. */
export function purgeServices(
  gateway: Gateway,
  env: Env,
  { service, credential }: ActionRequest,
): Promise<ActionReport<{ purged: number }>> {
  return forEach(gateway, service, async (name) => ({
    purged: await env.SERVICE_OBJECT.getByName(name).purge({ service: name, credential }),
  }));
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
