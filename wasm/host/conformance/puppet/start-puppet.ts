import { expect, onTestFinished } from "vitest";
import {
  type AbiVersion,
  type Decision,
  FilterInstance,
  type HttpStream,
  type SharedState,
  type StartOptions,
  type StreamOptions,
  type StreamRequest,
} from "../../index.ts";
import { START } from "../../testing/fake-services.setup.ts";
import { COMMAND_PUPPET, PUPPETS } from "../guests.ts";
import { Director, type Scripts } from "./director.ts";

/** Ids of the first contexts of an instance. */
export const ROOT = 1;
export const FIRST_STREAM = 2;

export const REQUEST: StreamRequest = {
  headers: [
    [":method", "POST"],
    [":path", "/orders?id=1"],
    [":authority", "api.example.com"],
    [":scheme", "https"],
    ["cookie", "a=1"],
  ],
  endOfStream: false,
};

export const ALL_STAGES: StreamOptions = {
  stages: {
    requestBody: true,
    requestTrailers: true,
    responseHeaders: true,
    responseBody: true,
    responseTrailers: true,
  },
};

interface PuppetStart {
  readonly options?: Partial<StartOptions>;
  /** State left by an earlier instance. */
  readonly shared?: SharedState;
  /** Use the puppet with `_start` and `malloc` instead of the SDK-like one. */
  readonly command?: boolean;
}

export interface Puppet {
  readonly instance: FilterInstance;
  readonly director: Director;
  /** Passes one request through the request-headers stage and to its end. */
  decide(request?: Partial<StreamRequest>): Decision | Promise<Decision>;
  /** A stream with all stages on, before its first callback. */
  open(request?: Partial<StreamRequest>, options?: Partial<StreamOptions>): HttpStream;
}

/**
 * Starts a puppet of this ABI version whose callbacks run `scripts`. After the test, an error inside a script fails the
 * test, and so does a callback that began while another one ran.
 */
export function startPuppet(abi: AbiVersion, scripts: Scripts = {}, start: PuppetStart = {}): Puppet {
  const director = directorOf(abi, scripts, start);
  const module = start.command ? COMMAND_PUPPET : PUPPETS[abi];
  const instance = FilterInstance.start(module, director, { ...START, ...start.options });
  return {
    instance,
    director,
    decide: (request = {}) => instance.decide({ ...REQUEST, ...request }),
    open: (request = {}, options = {}) =>
      instance.openStream({ ...REQUEST, ...request }, { ...ALL_STAGES, ...options }),
  };
}

/** Like `startPuppet`, for a start that is expected to fail. */
export function failingStart(abi: AbiVersion, scripts: Scripts): { director: Director; start: () => void } {
  const director = directorOf(abi, scripts, {});
  return { director, start: () => void FilterInstance.start(PUPPETS[abi], director, START) };
}

function directorOf(abi: AbiVersion, scripts: Scripts, { shared }: PuppetStart): Director {
  const director = new Director(abi, shared);
  director.scripts = scripts;
  onTestFinished(() => {
    for (const mistake of director.mistakes) throw mistake;
    expect(director.nested).toEqual([]);
  });
  return director;
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Waits until all pending work is done. */
export async function settled(): Promise<void> {
  await new Promise((done) => setTimeout(done, 0));
}

/** A promise's result, or "waiting" if it is pending. */
export async function stateOf<T>(value: T | Promise<T>): Promise<T | "waiting"> {
  await settled();
  return Promise.race([value, Promise.resolve("waiting" as const)]);
}
