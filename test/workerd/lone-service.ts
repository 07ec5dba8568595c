import { runInDurableObject } from "cloudflare:test";
import { type GatewayInput, resolveGateway } from "../../config/index.ts";
import { createIsolate, type Isolate } from "../../durable/memory/isolate.ts";
import type { ProbeLimits } from "../../durable/outbound/outbound-calls.ts";
import { openStorage } from "../../durable/persistence/open-storage.ts";
import type { DecideRequest } from "../../durable/rpc.ts";
import type { TimeLimits } from "../../durable/runtime/time-limits.ts";
import { ProtectedService } from "../../durable/service/protected-service.ts";
import { ServiceStateStore } from "../../durable/storage/service-state.ts";
import { testEnv } from "./client.ts";

/** An authorization server that answers each check when the test says so. */
export class Authorization {
  readonly #checks: PromiseWithResolvers<Response>[] = [];
  #always: number | undefined;
  /** The latest check. */
  last: Request | undefined;

  /** Number of checks. */
  get asked(): number {
    return this.#checks.length;
  }

  send(request: Request): Promise<Response> {
    this.last = request;
    const check = Promise.withResolvers<Response>();
    this.#checks.push(check);
    if (this.#always !== undefined) this.answer(this.#checks.length, this.#always);
    return check.promise;
  }

  /** Answers every later check at once. */
  alwaysAnswer(status: number): void {
    this.#always = status;
  }

  /** @param check counted from 1; only its first answer counts */
  answer(check: number, status: number, headers: Record<string, string> = {}): void {
    this.#checks[check - 1]!.resolve(new Response("", { status, headers }));
  }
}

export interface LoneService {
  readonly service: ProtectedService;
  readonly authorization: Authorization;
  /** Its memory ledger and budget count only this service, unless the test passed another isolate. */
  readonly isolate: Isolate;
  /** The object's next life: the same storage and nothing in memory. @param secret default: that of the test's options */
  again(secret?: string): Promise<LoneService>;
}

interface LoneOptions {
  /** The gateway's secret. Without it nothing is persisted. */
  readonly secret?: string;
  readonly isolate?: Isolate;
  readonly nowMs?: () => number;
  readonly probeLimits?: ProbeLimits;
  /** Wraps the object's storage. */
  readonly throughStorage?: (storage: DurableObjectStorage) => DurableObjectStorage;
}

/**
 * Runs `test` inside a real object with one service, whose clock, isolate, storage and authorization server the test
 * controls.
 */
export function withService(
  input: GatewayInput["services"][string],
  limits: TimeLimits,
  test: (lone: LoneService) => Promise<void>,
  {
    secret,
    isolate = createIsolate(),
    nowMs = () => Date.now(),
    probeLimits,
    throughStorage = (own) => own,
  }: LoneOptions = {},
): Promise<void> {
  const resolved = resolveGateway({ services: { lone: input } });
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.problems));
  const authorization = new Authorization();
  const service = resolved.gateway.services[0]!;
  const randomBytes = (into: Uint8Array) => crypto.getRandomValues(into);
  const runtime = { nowMs, randomBytes, limits, isolate, ...(probeLimits === undefined ? {} : { probeLimits }) };
  return runInDurableObject(testEnv.SERVICE_OBJECT.get(testEnv.SERVICE_OBJECT.newUniqueId()), async (_, state) => {
    const storage = throughStorage(state.storage);
    const begin = async (own = secret): Promise<LoneService> => {
      const store = new ServiceStateStore(storage);
      store.health.service = service.name;
      const lone = new ProtectedService({
        service,
        runtime,
        store,
        opened: await openStorage({ service, storage, store, runtime, keySecret: "EBB_KEY", secret: own }),
        workerVersion: undefined,
        sendTo: () => (request) => authorization.send(request),
        secrets: () => undefined,
        loadKeys: () => Promise.reject(new Error("no keys")),
        setAlarm: async () => {},
        tellDirectory: async () => {},
        askToReclaim: async () => {},
      });
      return { service: lone, authorization, isolate, again: begin };
    };
    try {
      await test(await begin());
    } finally {
      // A call in progress would go on until its time-out.
      for (let check = 1; check <= authorization.asked; check += 1) authorization.answer(check, 403);
    }
  });
}

/** A GET request. @param headers names and values in turn */
export function head(headers: readonly string[] = [], endOfStream = true): DecideRequest {
  return {
    configVersion: "",
    serviceVersion: "",
    service: "lone",
    method: "GET",
    path: "/lone/1",
    query: "",
    host: "gateway.test",
    scheme: "https",
    headers,
    source: { address: "" },
    endOfStream,
    doneInWorker: [],
  };
}
