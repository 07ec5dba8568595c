import {
  FilterStartError,
  type FilterStartReason,
  inspectModule,
  type ModuleInspection,
  type Stages,
  type StreamOptions,
} from "../../wasm/host/index.ts";
import { TimedOut } from "../time-limit.ts";
import { type ReplyInput, type RequestInput, repliesSchema, requestSchema } from "./input-schema.ts";
import type { StartInput } from "./options.ts";
import { type PluginConfiguration, pluginConfiguration } from "./plugin-configuration.ts";
import { readJson, readModule, readTextOrFile } from "./read-input.ts";
import { type Records, type Script, ScriptedServices } from "./scripted-services.ts";
import { Trial } from "./trial.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The filter cannot run here, and why. */
export interface Refused {
  readonly kind: "refused";
  readonly file: string;
  readonly configuration: TakenConfiguration;
  readonly problems: readonly { readonly reason: FilterStartReason | "start_too_long"; readonly message: string }[];
  /** What to try next; undefined if nothing on the command line would help. */
  readonly hint: string | undefined;
  /** What the filter logged and called before it gave up. */
  readonly atStart: Records;
}

/** What the filter started with. */
export interface TakenConfiguration {
  /** What `--config` names, such as a WasmPlugin; undefined if the text was given unchanged. */
  readonly source: string | undefined;
  readonly bytes: number;
  readonly rootId: string;
}

export interface OpenedFilter {
  readonly kind: "opened";
  readonly file: string;
  readonly configuration: TakenConfiguration;
  /** The module as it is in the file. */
  readonly bytes: Uint8Array;
  readonly report: ModuleInspection;
  readonly trial: Trial;
  readonly request: RequestInput;
  readonly startedBytes: number;
  /** Starts the filter once more, with new servers and an empty memory. */
  readonly restart: (options?: StreamOptions) => Promise<Trial>;
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
export async function openFilter(input: StartInput, options: OpenOptions): Promise<OpenedFilter | Refused> {
  const { file } = input;
  const { module, bytes } = await readModule(file);
  const configuration = await readConfiguration("--config", input.configuration, input.rootId);
  const given = await readConfiguration("--vm-config", input.vmConfiguration, "");
  const vmConfiguration = input.vmConfiguration === "" ? (configuration.vm ?? given.plugin) : given.plugin;
  const rootId = input.rootId === "" ? (configuration.rootId ?? "") : input.rootId;
  const request = input.requestFile === undefined ? options.request : await readJson(input.requestFile, requestSchema);
  const replies = input.repliesFile === undefined ? NO_REPLIES : await readJson(input.repliesFile, repliesSchema);

  const script = { replies, otherwise: options.otherwise };
  const services = new ScriptedServices(new VirtualClock(Date.now()), script);
  const report = inspectModule(module);
  const pluginConfiguration = configuration.plugin;
  const start = { vmId: "", rootId, pluginName: "filter", vmConfiguration, pluginConfiguration };
  const taken = { source: configuration.source, bytes: pluginConfiguration.length, rootId };
  const startWith = (given: ScriptedServices, stream = options.streamOptions(report.stages)): Promise<Trial> =>
    Trial.start(module, given, start, stream);
  try {
    const trial = await startWith(services);
    const startedBytes = trial.instance.allocatedBytes;
    const restart = (stream?: StreamOptions) =>
      startWith(new ScriptedServices(new VirtualClock(Date.now()), script), stream);
    return { kind: "opened", file, configuration: taken, bytes, report, trial, request, startedBytes, restart };
  } catch (error) {
    if (error instanceof TimedOut) {
      const problems = [{ reason: "start_too_long" as const, message: `its start ${error.message}` }];
      return { kind: "refused", file, configuration: taken, problems, hint: undefined, atStart: services.records };
    }
    if (!(error instanceof FilterStartError)) throw error;
    // A module can have several faults, but a start reports only the first.
    const problems = report.problems.length > 0 ? report.problems : [{ reason: error.reason, message: error.message }];
    const hint = hintFor(error.reason, { ...input, rootId });
    return { kind: "refused", file, configuration: taken, problems, hint, atStart: services.records };
  }
}

async function readConfiguration(option: string, value: string, rootId: string): Promise<PluginConfiguration> {
  const { bytes, file } = await readTextOrFile(option, value);
  return pluginConfiguration(file ?? option, file, bytes, rootId);
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
