import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { WorkerBundle } from "./bundle-worker.ts";

/** The date in every wrangler.toml of the project. */
const COMPATIBILITY_DATE = "2026-11-01";

const START_TIMEOUT_MS = 20_000;

export interface WorkerDefinition {
  readonly bundle: WorkerBundle;
  /** Environment variables and secrets. */
  readonly text?: Readonly<Record<string, string>>;
  /** Service bindings: name in the environment to name of a Worker of this process. */
  readonly services?: Readonly<Record<string, string>>;
  /** Durable Object classes of this Worker: name in the environment to name of the class. Objects are never evicted. */
  readonly objects?: Readonly<Record<string, string>>;
  /** Classes of another Worker of this process, to simulate two deployments at once. */
  readonly objectsOf?: Readonly<Record<string, { readonly worker: string; readonly className: string }>>;
  /** Name of the service that gets every `fetch` to an address, in place of the network. */
  readonly outbound?: string;
  /** As in wrangler.toml. */
  readonly compatibilityFlags?: readonly string[];
}

/** A server outside of workerd, which its Workers reach through a service binding. */
export interface ExternalServer {
  /** On 127.0.0.1. */
  readonly externalPort: number;
  /** Requests go to it as to a proxy, with the whole URL in the request line, and with these headers. */
  readonly proxyHeaders?: Readonly<Record<string, string>>;
}

export interface WorkerdOptions {
  readonly v8Flags?: readonly string[] | undefined;
  /** Name of a request header from which `request.cf` is taken, as JSON. */
  readonly cfHeader?: string | undefined;
  /** Name of a request header from which the scheme of `request.url` is taken. */
  readonly protoHeader?: string | undefined;
}

export interface WorkerdProcess {
  readonly pid: number;
  /** Loopback port of each Worker that `listen` names. */
  readonly ports: Readonly<Record<string, number>>;
  /** The end of what it wrote, to explain a failed test: what Workers log goes to both its outputs. */
  log(): string;
  stop(): Promise<void>;
}

/**
 * Starts a bare workerd without a development server's proxy, so a Worker sees the path exactly as a client sent it.
 * Listens on 127.0.0.1 only.
 */
export async function startWorkerd(
  workers: Readonly<Record<string, WorkerDefinition | ExternalServer>>,
  listen: readonly string[],
  options: WorkerdOptions = {},
): Promise<WorkerdProcess> {
  const folder = await mkdtemp(join(tmpdir(), "ebb-workerd-"));
  await mkdir(join(folder, "objects"));
  await writeFile(join(folder, "config.capnp"), await configuration(workers, listen, folder, options));

  const child = spawn(workerdBinary(), ["serve", join(folder, "config.capnp"), "--control-fd=3"], {
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
  let log = "";
  for (const output of [child.stdout!, child.stderr!]) {
    output.setEncoding("utf8").on("data", (text: string) => {
      log = (log + text).slice(-65_536);
    });
  }
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const stop = async () => {
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const ports = await listeningPorts(child.stdio[3] as Readable, listen, ended, () => log);
    return { pid: child.pid!, ports, log: () => log, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function workerdBinary(): string {
  try {
    return createRequire(import.meta.url).resolve("workerd/bin/workerd");
  } catch (error) {
    throw new Error("workerd is not installed; wrangler brings it: npm install --save-dev wrangler", { cause: error });
  }
}

/** workerd reports each socket's port in a line of JSON once it listens. */
function listeningPorts(
  control: Readable,
  sockets: readonly string[],
  ended: Promise<void>,
  log: () => string,
): Promise<Record<string, number>> {
  return new Promise((resolve, reject) => {
    const ports: Record<string, number> = {};
    const fail = (what: string) => reject(new Error(`workerd ${what}:\n${log()}`));
    const timeout = setTimeout(() => fail("does not listen"), START_TIMEOUT_MS);
    ended.then(() => fail("ended at its start"));
    let unread = "";
    control.setEncoding("utf8").on("data", (text: string) => {
      const lines = (unread + text).split("\n");
      unread = lines.pop()!;
      for (const line of lines) {
        const event: { event: string; socket: string; port: number } = JSON.parse(line);
        if (event.event === "listen") ports[event.socket] = event.port;
      }
      if (sockets.every((name) => name in ports)) {
        clearTimeout(timeout);
        resolve(ports);
      }
    });
  });
}

/** The configuration in Cap'n Proto text (workerd.capnp); modules are files in the same folder. */
async function configuration(
  workers: Readonly<Record<string, WorkerDefinition | ExternalServer>>,
  listen: readonly string[],
  folder: string,
  { v8Flags = [], cfHeader, protoHeader }: WorkerdOptions,
): Promise<string> {
  const services = [
    `(name = "internet", network = (allow = ["public", "private"]))`,
    `(name = "objects", disk = (path = ${quoted(join(folder, "objects"))}, writable = true))`,
  ];
  for (const [name, definition] of Object.entries(workers)) {
    const service =
      "externalPort" in definition
        ? `external = (address = "127.0.0.1:${definition.externalPort}", http = ${clientOptions(definition)})`
        : `worker = ${await workerText(name, definition, folder)}`;
    services.push(`(name = ${quoted(name)}, ${service})`);
  }
  const fromHeaders = [
    ...(cfHeader === undefined ? [] : [`cfBlobHeader = ${quoted(cfHeader)}`]),
    ...(protoHeader === undefined ? [] : [`forwardedProtoHeader = ${quoted(protoHeader)}`]),
  ];
  const http = `(${fromHeaders.join(", ")})`;
  const sockets = listen.map(
    (name) => `(name = ${quoted(name)}, address = "127.0.0.1:0", http = ${http}, service = ${quoted(name)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [ ${services.join(",\n")} ],
  sockets = [ ${sockets.join(",\n")} ],
  v8Flags = [ ${v8Flags.map(quoted).join(", ")} ],
);
`;
}

function clientOptions({ proxyHeaders }: ExternalServer): string {
  if (proxyHeaders === undefined) return "()";
  const headers = Object.entries(proxyHeaders).map(
    ([name, value]) => `(name = ${quoted(name)}, value = ${quoted(value)})`,
  );
  return `(style = proxy, injectRequestHeaders = [ ${headers.join(", ")} ])`;
}

async function workerText(
  name: string,
  { bundle, text, services, objects, objectsOf, outbound, compatibilityFlags = [] }: WorkerDefinition,
  folder: string,
): Promise<string> {
  const files = [`${name}.js`, ...[...bundle.wasm.keys()].map((specifier) => `${name}-${specifier.slice(2)}`)];
  await writeFile(join(folder, files[0]!), bundle.script);
  const modules = [`(name = "worker", esModule = embed ${quoted(files[0]!)})`];
  for (const [index, [specifier, bytes]] of [...bundle.wasm].entries()) {
    await writeFile(join(folder, files[index + 1]!), bytes);
    modules.push(`(name = ${quoted(specifier)}, wasm = embed ${quoted(files[index + 1]!)})`);
  }
  const bindings = [
    ...Object.entries(text ?? {}).map(([key, value]) => `(name = ${quoted(key)}, text = ${quoted(value)})`),
    ...Object.entries(services ?? {}).map(([key, value]) => `(name = ${quoted(key)}, service = ${quoted(value)})`),
    ...Object.entries(objects ?? {}).map(
      ([key, value]) => `(name = ${quoted(key)}, durableObjectNamespace = ${quoted(value)})`,
    ),
    ...Object.entries(objectsOf ?? {}).map(
      ([key, { worker, className }]) =>
        `(name = ${quoted(key)}, durableObjectNamespace = (serviceName = ${quoted(worker)}, className = ${quoted(className)}))`,
    ),
  ];
  const namespaces = Object.values(objects ?? {}).map(
    (className) =>
      `(className = ${quoted(className)}, uniqueKey = ${quoted(`${name}-${className}`)}, enableSql = true, preventEviction = true)`,
  );
  return `(
    modules = [ ${modules.join(",\n")} ],
    compatibilityDate = "${COMPATIBILITY_DATE}",
    compatibilityFlags = [ ${compatibilityFlags.map(quoted).join(", ")} ],
    bindings = [ ${bindings.join(",\n")} ],
    durableObjectNamespaces = [ ${namespaces.join(",\n")} ],
    durableObjectStorage = (localDisk = "objects"),${outbound === undefined ? "" : `\n    globalOutbound = ${quoted(outbound)},`}
  )`;
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
