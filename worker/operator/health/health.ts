import type { Gateway } from "../../../config/index.ts";
import type { DirectoryEntry } from "../../../durable/directory/directory-rpc.ts";
import { currentInabilities, type Inability, onlyReports } from "../findings/inability.ts";

/** Whether the gateway can decide, as far as is known. */
export interface Health {
  readonly status: "ok" | "failing";
  /** What the environment lacks, or that the directory cannot be read. */
  readonly problems: readonly string[];
  /** Services that are known not to decide now, or whose gate is open, and why. */
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/**
 * The answer is given to anyone, so it must not tell that a gate is open. It must not even change when one opens: a server that
 * fails, and then a gateway that is well while the server still fails, would tell. So what may open a gate does not count
 * for `status`; it is only in `services`, which only the operator sees.
 */
export function healthOf(
  gateway: Pick<Gateway, "services">,
  problems: readonly string[],
  entries: readonly DirectoryEntry[],
  nowMs: number,
): Health {
  const reports = new Map(entries.map(({ service, report }) => [service, report]));
  const unable = gateway.services.flatMap((service) => {
    const report = reports.get(service.name);
    const found = report === undefined ? [] : currentInabilities(report, service, nowMs);
    return found.length === 0 ? [] : [[service.name, found] as const];
  });
  // All requests of a service that only reports pass, and it begins to refuse on a day that everybody may know.
  const refuses = (name: string) => !onlyReports(reports.get(name)!, nowMs);
  const fails =
    problems.length > 0 || unable.some(([name, found]) => refuses(name) && found.some(({ mayOpen }) => !mayOpen));
  return {
    status: fails ? "failing" : "ok",
    problems,
    services: Object.fromEntries(unable.map(([name, found]) => [name, found.map(inWords)])),
  };
}

function inWords(inability: Inability): string {
  const gate = inability.isOpen ? ": requests pass without a decision" : "";
  switch (inability.kind) {
    case "not_asked":
      return `the service could not be asked: ${inability.error}`;
    case "filter_not_starting":
      return `the filter does not start${gate}`;
    case "filter_paused":
      return "the filter waits for its next start after failures in a row";
    case "server":
      return `the authorization server ${inability.cluster} is ${inability.state}${gate}`;
  }
}
