import {
  createSharedState,
  type HostServices,
  type LogLevel,
  type LogThreshold,
  type OutboundCall,
  type OutboundResult,
  type StartOptions,
  type UnservedCall,
} from "../index.ts";

/** A call made by the guest; the test answers it. */
interface FakeCall extends OutboundCall {
  readonly answer: (result: OutboundResult) => Promise<void>;
}

/** An embedder with a stopped clock that records log lines and lets the test answer calls. */
export class FakeServices implements HostServices {
  readonly lines: string[] = [];
  readonly levels: LogLevel[] = [];
  readonly calls: FakeCall[] = [];
  readonly shared = createSharedState();
  readonly unservedCalls: UnservedCall[] = [];
  foreignFunction?: NonNullable<HostServices["foreignFunction"]>;
  minimumLogLevel: LogThreshold = "trace";
  now = 1_760_000_000_000.25;

  nowMs(): number {
    return this.now;
  }

  log(level: LogLevel, message: string): void {
    this.levels.push(level);
    this.lines.push(message);
  }

  hasCluster(name: string): boolean {
    return name === "auth";
  }

  httpCall(call: OutboundCall): Promise<OutboundResult> {
    const { promise, resolve } = Promise.withResolvers<OutboundResult>();
    const answer = async (result: OutboundResult): Promise<void> => {
      resolve(result);
      // The reply passes through several promises on its way to the guest.
      await new Promise((done) => setTimeout(done, 0));
    };
    this.calls.push({ ...call, answer });
    return promise;
  }

  randomBytes(into: Uint8Array): void {
    into.fill(7);
  }

  unserved(call: UnservedCall): void {
    this.unservedCalls.push(call);
  }
}

export const START: StartOptions = {
  vmId: "vm",
  rootId: "root",
  pluginName: "plugin",
  vmConfiguration: new TextEncoder().encode("vm configuration"),
  pluginConfiguration: new TextEncoder().encode("plugin configuration"),
};

export const OK_REPLY: OutboundResult = {
  ok: true,
  headers: [
    [":status", "200"],
    ["x-user", "ada"],
  ],
  body: new TextEncoder().encode("reply body"),
  trailers: [],
};
