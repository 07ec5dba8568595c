import { randomBytes } from "node:crypto";
import { Agent, request } from "node:http";
import { dirname, extname, join } from "node:path";
import { bundleWorker } from "../bundle-worker.ts";
import { startWorkerd, type WorkerdProcess } from "../workerd.ts";
import { bytesOfText, textHeaders } from "./header-text.ts";

/** A client's request, sent as it is. */
export interface ClientRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Of a client certificate that the platform has verified. */
  readonly fingerprint: string | undefined;
}

export interface ClientResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface GatewayOptions {
  /** The user's configuration. */
  readonly configFile: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Service bindings that lead to the stand-in server. */
  readonly bindings: readonly string[];
  readonly standIn: { readonly port: number; readonly viaHeader: string };
}

/** What `via` says of calls to addresses. */
export const OUTBOUND = "outbound";

/** Longer than any limit of the gateway on one request. */
const RESPONSE_TIMEOUT_MS = 60_000;

/** The user's gateway in a bare workerd. Nothing that it sends leaves this machine: all of it reaches the stand-in server. */
export class GatewayProcess {
  readonly #workerd: WorkerdProcess;
  readonly #cfHeader: string;
  readonly #protoHeader: string;
  readonly #agent = new Agent({ keepAlive: true });

  private constructor(workerd: WorkerdProcess, cfHeader: string, protoHeader: string) {
    this.#workerd = workerd;
    this.#cfHeader = cfHeader;
    this.#protoHeader = protoHeader;
  }

  /** @throws Error that says why it does not start */
  static async start({ configFile, environment, bindings, standIn }: GatewayOptions): Promise<GatewayProcess> {
    // No client's header can have such a name by chance.
    const suffix = randomBytes(8).toString("hex");
    const [cfHeader, protoHeader] = [`x-cf-${suffix}`, `x-proto-${suffix}`];
    const via = (name: string) => ({
      externalPort: standIn.port,
      proxyHeaders: { [standIn.viaHeader]: name },
    });
    const workerd = await startWorkerd(
      {
        gateway: {
          bundle: await bundleWorker({ script: entryScript(configFile, environment), folder: dirname(configFile) }),
          text: environment,
          services: Object.fromEntries(bindings.map((name) => [name, `via ${name}`])),
          objects: { SERVICE_OBJECT: "ServiceObject" },
          outbound: `via ${OUTBOUND}`,
          // The configuration may import an app as its handler, and that what wrangler.toml allows it.
          compatibilityFlags: ["nodejs_compat"],
        },
        ...Object.fromEntries([...bindings, OUTBOUND].map((name) => [`via ${name}`, via(name)])),
      },
      ["gateway"],
      { cfHeader, protoHeader },
    );
    return new GatewayProcess(workerd, cfHeader, protoHeader);
  }

  /** Undefined if there is no answer. */
  send({ method, target, host, headers, body, fingerprint }: ClientRequest): Promise<ClientResponse | undefined> {
    const lines = {
      host,
      "cf-connecting-ip": "192.0.2.1",
      ...headers,
      ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }),
      [this.#protoHeader]: "https",
      ...(fingerprint === undefined ? {} : { [this.#cfHeader]: JSON.stringify(verifiedCertificate(fingerprint)) }),
    };
    return new Promise((resolve) => {
      const sent = request({
        host: "127.0.0.1",
        port: this.#workerd.ports.gateway!,
        agent: this.#agent,
        method,
        path: target,
        headers: Object.fromEntries(Object.entries(lines).map(([name, value]) => [name, bytesOfText(value)])),
        timeout: RESPONSE_TIMEOUT_MS,
      });
      sent
        .on("response", (response) => {
          response
            .on("end", () => resolve({ status: response.statusCode!, headers: textHeaders(response.headers) }))
            .on("error", () => resolve(undefined))
            .resume();
        })
        .on("timeout", () => sent.destroy())
        .on("error", () => resolve(undefined))
        .end(body);
    });
  }

  /** What the gateway has logged, with the runtime's own lines. */
  log(): string {
    return this.#workerd.log();
  }

  async stop(): Promise<void> {
    this.#agent.destroy();
    await this.#workerd.stop();
  }
}

/** The entry of a Worker as docs tell users to write it, with stand-ins in place of servers. */
function entryScript(configFile: string, environment: GatewayOptions["environment"]): string {
  // The compiled files are those of the package; the repository runs its sources.
  const ending = extname(import.meta.filename);
  const createGateway = join(import.meta.dirname, `../../worker/create-gateway${ending}`);
  const standIns = join(import.meta.dirname, `stand-ins${ending}`);
  return `
import { createGateway } from ${JSON.stringify(createGateway)};
import { withStandIns } from ${JSON.stringify(standIns)};
import config from ${JSON.stringify(configFile)};

const gateway = createGateway(withStandIns(config, ${JSON.stringify(environment)}));
export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;
`;
}

function verifiedCertificate(fingerprint: string): object {
  const tlsClientAuth = { certPresented: "1", certVerified: "SUCCESS", certRevoked: "0" };
  return { tlsClientAuth: { ...tlsClientAuth, certFingerprintSHA256: fingerprint } };
}
