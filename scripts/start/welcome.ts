import type { Gateway, Service } from "../../config/index.ts";
import { AUTHORIZATION_BINDING, UPSTREAM_BINDING } from "../../examples/demo/join-demo.ts";
import { decisionOf } from "../check-config.ts";
import type { StartOptions } from "./options.ts";

/** More would push the first lines out of a terminal. */
const SHOWN_SERVICES = 5;
const DEFAULT_PORT = 8787;
const DEFAULT_PREFIX = "/orders";

/**
 * First things to try, as lines to copy into a second terminal.
 * @param gateway what runs: the configuration with the demo's servers; undefined if it could not be read
 */
export function welcome(options: StartOptions, gateway: Gateway | undefined): string {
  const origin = `http://localhost:${options.port}`;
  const services = gateway?.services ?? [];
  const further = services.length - SHOWN_SERVICES;
  const load = services.find((service) => asksDemo(service) && service.route.hosts.length === 0);
  const lines = [
    `Ebb answers on ${origin}${standIns(services)}.`,
    "",
    ...services.slice(0, SHOWN_SERVICES).flatMap((service) => [...serviceLines(service, origin), ""]),
    ...(further > 0 ? [`  … and ${further} more services`, ""] : []),
    `  stats             ${origin}${gateway?.operator.prefix ?? "/stats"}`,
    ...(load === undefined ? [] : [`  load              ${trafficCommand(options, load)}`]),
    "",
    options.fast
      ? "Decisions live 20 s and an instance collects for 30 s: with load, memory rises and is freed within minutes."
      : "The first restart waits until the TTL is known, 15 minutes at most (collectMs in gateway.config.ts).\nTo watch a restart within minutes: npm start -- --fast",
    "Ctrl-C stops it.",
  ];
  return `\n${lines.join("\n")}\n`;
}

/** Which servers of the configuration the demo's stand in for. */
function standIns(services: readonly Service[]): string {
  const hasServer = services.some(({ clusters }) => Object.values(clusters).some((cluster) => isDemos(cluster)));
  const hasUpstream = services.some(({ upstream }) => "binding" in upstream && upstream.binding === UPSTREAM_BINDING);
  const names = [...(hasServer ? ["authorization server"] : []), ...(hasUpstream ? ["upstream"] : [])];
  return names.length === 0 ? "" : `, with a demo ${names.join(" and ")} in place of hosts that end in .example`;
}

function serviceLines(service: Service, origin: string): string[] {
  const { name, filterKind } = service;
  const title = `  ${name}: ${decisionOf(filterKind)}`;
  const curl = (header?: string): string => curlLine(service, origin, header);
  if (!asksDemo(service)) return [title, `    ${curl()}`];
  return [
    title,
    `    allowed           ${curl("Authorization: Bearer demo-alice")}`,
    `    denied            ${curl("Authorization: Bearer demo-revoked-bob")}`,
    `    unauthenticated   ${curl()}`,
  ];
}

function curlLine({ route }: Service, origin: string, header: string | undefined): string {
  const [host] = route.hosts;
  const headers = [
    ...(header === undefined ? [] : [header]),
    ...(host === undefined ? [] : [`Host: ${host.replace("*", "www")}`]),
  ].map((text) => `-H '${text}' `);
  return `curl -i ${headers.join("")}${origin}${pathIn(route.prefix)}`;
}

function pathIn(prefix: string): string {
  return prefix === "/" ? "/1" : `${prefix}/1`;
}

/** True if the demo's authorization server decides on bearer tokens, and nothing else does. */
function asksDemo({ filterKind, clusters }: Service): boolean {
  if (filterKind.kind !== "built-in" || decisionOf(filterKind).startsWith("tokens of ")) return false;
  const cluster = clusters[filterKind.authorization.cluster];
  return (
    cluster !== undefined &&
    isDemos(cluster) &&
    filterKind.credentials.some(({ from, ...rest }) => from === "authorization" && hasBearer(rest))
  );
}

function hasBearer(credential: object): boolean {
  return "schemes" in credential && Array.isArray(credential.schemes) && credential.schemes.includes("bearer");
}

function isDemos(cluster: Service["clusters"][string]): boolean {
  return "binding" in cluster && cluster.binding === AUTHORIZATION_BINDING;
}

/** For a service on any host: load has the host of its URL. */
function trafficCommand({ port }: StartOptions, { route }: Service): string {
  const prefix = route.prefix === "/" ? "" : route.prefix;
  const options = prefix === DEFAULT_PREFIX || prefix === "" ? "" : ` -- --prefix ${prefix}`;
  return `${port === DEFAULT_PORT ? "" : `PORT=${port} `}npm run traffic${options}`;
}
