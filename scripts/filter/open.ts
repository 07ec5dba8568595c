import {
  FilterStartError,
  type FilterStartReason,
  inspectModule,
  type ModuleInspection,
  type Stages,
  type StreamOptions,
} from "../../wasm/host/index.ts";
import { type ReplyInput, type RequestInput, repliesSchema, requestSchema } from "./input-schema.ts";
import type { StartInput } from "./options.ts";
import { readJson, readModule, readTextOrFile } from "./read-input.ts";
import { type Records, type Script, ScriptedServices } from "./scripted-services.ts";
import { Trial } from "./trial.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The filter cannot run here, and why. */
export interface Refused {
  readonly kind: "refused";
  readonly file: string;
  readonly problems: ModuleInspection["problems"];
  /** What to try next; undefined if nothing on the command line would help. */
  readonly hint: string | undefined;
  /** What the filter logged and called before it gave up. */
  readonly atStart: Records;
}

export interface OpenedStorage {
  readonly kind: "opened";
  readonly file: string;
  /** The module as it is in the file. */
  readonly bytes: Uint8Array;
  readonly report: ModuleInspection;
  readonly trial: Trial;
  readonly request: RequestInput;
  readonly startedBytes: number;
}

interface OpenOptions {
  /** The request to use if there is no `--request`. */
  readonly request: RequestInput;
  readonly otherwise: Script["otherwise"];
  readonly streamOptions: (exported: Stages) => StreamOptions;
}

/**
 * Reads the files on the command line and starts the filter.
 * @throws WrongInput
 */
export async function openFilter(input: StartInput, options: OpenOptions): Promise<OpenedStorage | Refused> {
  const { file } = input;
  const { module, bytes } = await readModule(file);
  const pluginConfiguration = await readTextOrFile("--config", input.configuration);
  const vmConfiguration = await readTextOrFile("--vm-config", input.vmConfiguration);
  const request = input.requestFile === undefined ? options.request : await readJson(input.requestFile, requestSchema);
  const replies = input.repliesFile === undefined ? NO_REPLIES : await readJson(input.repliesFile, repliesSchema);

  const services = new ScriptedServices(new VirtualClock(Date.now()), { replies, otherwise: options.otherwise });
  const report = inspectModule(module);
  const start = { vmId: "", rootId: input.rootId, pluginName: "filter", vmConfiguration, pluginConfiguration };
  try {
    const trial = await Trial.start(module, services, start, options.streamOptions(report.stages));
    const startedBytes = trial.instance.allocatedBytes;
    return { kind: "opened", file, bytes, report, trial, request, startedBytes };
  } catch (error) {
    if (!(error instanceof FilterStartError)) throw error;
    // A module can have several faults, but a start reports only the first.
    const problems = report.problems.length > 0 ? report.problems : [{ reason: error.reason, message: error.message }];
    return { kind: "refused", file, problems, hint: hintFor(error.reason, input), atStart: services.records };
  }
}

const REFUSALS_OF_THE_FILTER: readonly FilterStartReason[] = [
  "trap_at_start",
  "exit_at_start",
  "vm_start_refused",
  "configure_refused",
];

/** If the filter itself refuses to start, it usually lacks configuration. */
function hintFor(
  reason: FilterStartReason,
  { configuration, vmConfiguration, rootId }: StartInput,
): string | undefined {
  if (!REFUSALS_OF_THE_FILTER.includes(reason)) return undefined;
  const missing = [
    ...(configuration === "" ? ["--config"] : []),
    ...(vmConfiguration === "" ? ["--vm-config"] : []),
    ...(rootId === "" ? ["--root-id"] : []),
  ];
  return missing.length === 0 ? undefined : `it was started without ${missing.join(", ")}: does it need any of them?`;
}

const NO_REPLIES: readonly ReplyInput[] = [];
