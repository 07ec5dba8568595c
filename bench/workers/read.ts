import { defineGateway } from "../../config/index.ts";
import { REPORT_VERSION } from "../../durable/directory/directory-rpc.ts";
import { pointsKey } from "../../durable/directory/history.ts";
import { pointOf } from "../../durable/directory/history-point.ts";
import { directoryObject, type Env } from "../../durable/environment.ts";
import filter from "../../wasm/filter/build/filter.wasm";
import { createGateway } from "../../worker/create-gateway.ts";

/** A gateway that says how many calls to objects each response took. */

/** Number of services. Set when the Worker is bundled. */
declare const SERVICES: number;

const service = (name: string) =>
  ({
    route: { prefix: `/${name}` },
    upstream: { binding: "UPSTREAM" },
    filter,
    clusters: { auth: { binding: "AUTHORIZATION" } },
    authorization: { protocol: "forward-auth", cluster: "auth", path: "/check" },
  }) as const;
const names = Array.from({ length: SERVICES }, (_, n) => `service-${n}`);
const gateway = createGateway(
  defineGateway({ services: Object.fromEntries(names.map((name) => [name, service(name)])) }),
);

export const { AuthorizationCalls } = gateway;

const HOUR_MS = 3_600_000;
const HOURS = 48;

/** The object; as the directory it can be filled with the history of two days. */
export class ServiceObject extends gateway.ServiceObject {
  async fillHistory(): Promise<void> {
    const { entries } = await this.readDirectory(REPORT_VERSION, {});
    for (const { service, report } of entries) {
      const last = Math.floor(report.atMs / HOUR_MS);
      for (let age = 1; age <= HOURS; age += 1) {
        const points = Array.from({ length: age === 1 ? 60 : 4 }, (_, n) => {
          const timeMs = (last - age) * HOUR_MS + n * (age === 1 ? HOUR_MS / 60 : HOUR_MS / 4);
          return { ...pointOf(report), timeMs };
        });
        this.ctx.storage.kv.put(pointsKey(service, last - age), points);
      }
    }
  }
}

function counting(objects: Env["SERVICE_OBJECT"], count: () => void): Env["SERVICE_OBJECT"] {
  const getByName = (name: string) =>
    new Proxy(objects.getByName(name), {
      get(stub, method) {
        const call: unknown = Reflect.get(stub, method);
        if (typeof call !== "function") return call;
        return (...given: unknown[]) => {
          count();
          return Reflect.apply(call, stub, given);
        };
      },
    });
  return { getByName } as Env["SERVICE_OBJECT"];
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname === "/__fill") {
      await (directoryObject(env) as unknown as { fillHistory(): Promise<void> }).fillHistory();
      return new Response();
    }
    let calls = 0;
    const counted = { ...env, SERVICE_OBJECT: counting(env.SERVICE_OBJECT, () => (calls += 1)) };
    const response = new Response(...(await parts(await gateway.worker.fetch!(request, counted, ctx))));
    response.headers.set("x-calls", String(calls));
    return response;
  },
} satisfies ExportedHandler<Env>;

/** The body is read first: a response may call objects while it is. */
async function parts(response: Response): Promise<[ArrayBuffer, ResponseInit]> {
  return [await response.arrayBuffer(), response];
}
