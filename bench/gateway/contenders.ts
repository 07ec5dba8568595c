import { bundleWorker } from "../../scripts/bundle-worker.ts";
import type { WorkerDefinition } from "../../scripts/workerd.ts";
import type { Tokens } from "./tokens.ts";

/** What a cached allow is compared with. `worker`: a file of bench/workers. `objects`: its classes, by binding. */
export const CONTENDERS = {
  bare: { title: "passes on", worker: "direct", objects: {} },
  noop: { title: "no-op object", worker: "no-op-object", objects: { NO_OP: "NoOp" } },
  byHand: { title: "by hand", worker: "by-hand", objects: { DECISIONS: "Decisions" } },
  cached: { title: "Ebb, cached", worker: "gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
  edge: { title: "Ebb, edge cache", worker: "edge-gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
  sdk: { title: "Ebb, SDK's filter", worker: "sdk-gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
  edgeJwt: { title: "Ebb, edge, JWTs", worker: "edge-gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
  jwt: { title: "Ebb, kept JWTs", worker: "jwt-gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
  jwtByHand: { title: "JWTs by hand", worker: "jwt-by-hand", objects: {} },
  misses: { title: "Ebb, misses", worker: "gateway", objects: { SERVICE_OBJECT: "ServiceObject" } },
} as const;

export type Contender = keyof typeof CONTENDERS;
export const NAMES = Object.keys(CONTENDERS) as Contender[];

const SERVICES = { UPSTREAM: "upstream", AUTHORIZATION: "authorization", LOGIN: "login" };
/** Those that get signed tokens, not short ones. */
const WITH_TOKENS: readonly string[] = ["edgeJwt", "jwt", "jwtByHand"];

/** The Workers of all contenders, and the servers that they use. */
export async function workersOf(names: readonly Contender[], keySet = "{}"): Promise<Record<string, WorkerDefinition>> {
  const bundle = (name: string) => bundleWorker(`bench/workers/${name}.ts`);
  const contenders = await Promise.all(
    names.map(async (name): Promise<[string, WorkerDefinition]> => {
      const { worker, objects } = CONTENDERS[name];
      return [name, { bundle: await bundle(worker), services: SERVICES, objects }];
    }),
  );
  return {
    ...Object.fromEntries(contenders),
    upstream: { bundle: await bundle("upstream") },
    authorization: { bundle: await bundle("authorization") },
    login: { bundle: await bundle("login"), text: { KEY_SET: keySet } },
  };
}

/** A request with a browser's usual headers, so that it has a realistic size. Each user repeats one, as a page that polls. */
export function requestOf(user: string, path: string, token = `token-of-user-${user}`): string {
  return [
    `GET ${path} HTTP/1.1`,
    "Host: api.example",
    `Authorization: Bearer ${token}`,
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
    "Accept: application/json, text/plain, */*",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: en-GB,en;q=0.9",
    "Referer: https://app.example/orders",
    "\r\n",
  ].join("\r\n");
}

let unknown = 0;

/** The n-th request: of one of `users` in turn, or, for misses, of a user that nobody has seen. */
export function requestAt(name: Contender | "nginx", n: number, users: number, tokens?: Tokens): string {
  const token = WITH_TOKENS.includes(name) ? tokens?.of(n % users) : undefined;
  if (token !== undefined) return requestOf("", `/orders/${(n % users) % 97}`, token);
  if (name !== "misses") return requestOf(String(n % users), `/orders/${(n % users) % 97}`);
  unknown += 1;
  return requestOf(`unknown-${unknown}`, "/orders/1");
}
