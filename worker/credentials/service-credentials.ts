import { asksWithoutCredential, type Comparison, comparisonOf, issuersOf } from "../../config/authorization-parts.ts";
import type { Authorization, Credential, Requirements, Service } from "../../config/index.ts";
import { type WorkerTask, workerTasks } from "../../config/worker-tasks.ts";
import { KeyVerifier } from "./api-keys/key-verifier.ts";
import { identifier } from "./identity.ts";
import { TokenVerifier } from "./tokens/token-verifier.ts";
import type { Verify } from "./verdict.ts";

/** What the Worker does with the credentials of one service. */
export interface ServiceCredentials {
  readonly sources: readonly Credential[];
  /** Undefined: the Worker only finds the credential, and the filter asks a server about it. */
  readonly verify: Verify | undefined;
  /** A verified credential is all that a decision needs. */
  readonly decides: boolean;
  readonly comparison: Comparison;
  /** Whether a server is asked about requests that have none. */
  readonly asksWithout: boolean;
  /** Done before the object is asked, if it is. */
  readonly tasks: readonly WorkerTask[];
  /** By the rules' names. */
  readonly requirements: ReadonlyMap<string, Requirements>;
}

/** Undefined if the filter finds the credential itself. */
export function serviceCredentials(service: Service): ServiceCredentials | undefined {
  const { filterKind, rules } = service;
  if (filterKind.kind === "other" || (filterKind.kind === "built-in" && !filterKind.isReadInWorker)) return undefined;
  const { authorization, credentials } = filterKind;
  const required = rules.flatMap(({ name, access }) => (access.kind === "public" ? [] : [[name, access] as const]));
  return {
    sources: credentials,
    verify: verifierOf(service, authorization),
    decides: filterKind.kind === "in-worker",
    asksWithout: asksWithoutCredential(authorization),
    comparison: comparisonOf(authorization),
    tasks: workerTasks(filterKind),
    requirements: new Map(required),
  };
}

function verifierOf(service: Service, authorization: Authorization): Verify | undefined {
  const identify = identifier(
    service.rules,
    authorization.protocol === "jwt" || authorization.protocol === "api-keys" ? authorization.upstreamClaims : [],
  );
  if (authorization.protocol === "api-keys") {
    const keys = new KeyVerifier(service.name, authorization.keys, identify);
    return (text, io) => keys.verify(text, io);
  }
  const issuers = issuersOf(authorization);
  if (issuers.length === 0) return undefined;
  const tokens = new TokenVerifier(service, issuers, identify);
  return (text, io) => tokens.verify(text, io);
}
