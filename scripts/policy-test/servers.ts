import type { Gateway, Service } from "../../config/index.ts";
import { type Answered, answerCall, json, keySet } from "./authorization-server.ts";
import type { Asker } from "./credential.ts";
import { OUTBOUND } from "./gateway-process.ts";
import { type Outcome, UPSTREAM_STATUS } from "./outcome.ts";
import { ScriptedReplies } from "./scripted-replies.ts";
import type { ReceivedRequest, StandInReply } from "./stand-in-server.ts";
import { clusterBinding } from "./stand-ins.ts";
import { discoveredAt, keySetUrl, type TokenIssuers } from "./token-issuers.ts";

/** Who asks in the test that runs, and what the servers saw of it. */
export interface Current {
  readonly asker: Asker | undefined;
  readonly replies: ScriptedReplies;
  readonly asked: string[];
  upstream: Outcome["upstream"];
}

/** Answers in place of upstreams, authorization servers and issuers. */
export class Servers {
  readonly issuers: TokenIssuers;
  readonly #gateway: Gateway;
  #current: Current | undefined;

  constructor(gateway: Gateway, issuers: TokenIssuers) {
    this.#gateway = gateway;
    this.issuers = issuers;
  }

  begin(asker: Asker | undefined, replies: ScriptedReplies): Current {
    this.#current = { asker, replies, asked: [], upstream: undefined };
    return this.#current;
  }

  async answer(call: ReceivedRequest): Promise<StandInReply> {
    const target = this.#clusterOf(call);
    if (target !== undefined) {
      const { reply, note } = await this.#answerOf(target.service, target.cluster, call);
      if (note !== undefined) this.#current?.asked.push(`${target.cluster}: ${note}`);
      return reply;
    }
    const discovered = call.via === OUTBOUND ? await this.#discovered(call) : undefined;
    if (discovered !== undefined) return discovered;
    const { method, url, headers } = call;
    if (this.#current !== undefined) this.#current.upstream = { method, url: url.href, headers };
    return { status: UPSTREAM_STATUS, headers: {}, body: "" };
  }

  async #answerOf(service: Service, cluster: string, call: ReceivedRequest): Promise<Answered> {
    const current = this.#current;
    if (service.filterKind.kind !== "other") {
      return answerCall(service, cluster, call, current?.asker, this.issuers);
    }
    return (current?.replies ?? new ScriptedReplies([])).answer(cluster, call);
  }

  /** Undefined if the call is for an upstream or an issuer. */
  #clusterOf({ via, url }: ReceivedRequest): { service: Service; cluster: string } | undefined {
    for (const [serviceIndex, service] of this.#gateway.services.entries()) {
      for (const [index, [cluster, target]] of Object.entries(service.clusters).entries()) {
        const isAddressed = via === OUTBOUND && url.host.startsWith("[") && url.host === target.authority;
        if (via === clusterBinding(serviceIndex, index) || isAddressed) return { service, cluster };
      }
    }
    return undefined;
  }

  /** What an issuer publishes. The gateway sends forwarded headers with a client's requests, and none with its own. */
  async #discovered({ url, headers }: ReceivedRequest): Promise<StandInReply | undefined> {
    if ("x-forwarded-host" in headers) return undefined;
    for (const issuer of this.issuers.configured) {
      const found = discoveredAt(issuer, url);
      if (found === "metadata") return json({ issuer: issuer.issuer, jwks_uri: keySetUrl(issuer) });
      if (found === "keys") return (await keySet(issuer, this.issuers)).reply;
    }
    return undefined;
  }
}
