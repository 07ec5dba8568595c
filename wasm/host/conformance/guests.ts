import type { AbiVersion } from "../index.ts";
import exit0InInitialize from "./build/exit-0-in-initialize.wasm";
import exit0InStart from "./build/exit-0-in-start.wasm";
import exit1InStart from "./build/exit-1-in-start.wasm";
import gcoredev from "./build/gcoredev.wasm";
import hostile010 from "./build/hostile-0.1.0.wasm";
import hostile020 from "./build/hostile-0.2.0.wasm";
import hostile021 from "./build/hostile-0.2.1.wasm";
import importedMemory from "./build/imported-memory.wasm";
import logsInStartSection from "./build/logs-in-start-section.wasm";
import mainVoid from "./build/main-void.wasm";
import memoryOf4Gib from "./build/memory-of-4-gib.wasm";
import memoryOf64Bits from "./build/memory-of-64-bits.wasm";
import noAbiVersion from "./build/no-abi-version.wasm";
import noAllocator from "./build/no-allocator.wasm";
import noMemory from "./build/no-memory.wasm";
import puppet010 from "./build/puppet-0.1.0.wasm";
import puppet020 from "./build/puppet-0.2.0.wasm";
import puppet021 from "./build/puppet-0.2.1.wasm";
import puppetCommand from "./build/puppet-command.wasm";
import recursionInStartSection from "./build/recursion-in-start-section.wasm";
import soloIo from "./build/solo-io.wasm";
import trapInConfigure from "./build/trap-in-configure.wasm";
import trapInInitialize from "./build/trap-in-initialize.wasm";
import trapInStart from "./build/trap-in-start.wasm";
import trapInStartSection from "./build/trap-in-start-section.wasm";
import trapInVmStart from "./build/trap-in-vm-start.wasm";
import twoAbis from "./build/two-abis.wasm";
import unknownAbi from "./build/unknown-abi.wasm";

/**
 * The guests, built by guests/build-guests.setup.ts. An imported `.wasm` file is a compiled module: natively in workerd, in
 * Node through a plugin in vitest.config.ts. So these tests do not depend on the platform.
 */

/** Exports every callback and runs a test's script: see puppet/protocol.ts. */
export const PUPPETS: Readonly<Record<AbiVersion, WebAssembly.Module>> = {
  "0.1.0": puppet010,
  "0.2.0": puppet020,
  "0.2.1": puppet021,
};

/** A puppet with `_start`, `malloc` and `wasi_unstable` that handles only request headers. */
export const COMMAND_PUPPET = puppetCommand;

/** Call one host function with random arguments: see guests/hostile-text.setup.ts. */
export const HOSTILES: Readonly<Record<AbiVersion, WebAssembly.Module>> = {
  "0.1.0": hostile010,
  "0.2.0": hostile020,
  "0.2.1": hostile021,
};

/** Filters built with third-party SDKs; sources in guests/assembly. */
export const SDK_FILTERS = { gcoredev, soloIo };

/** See guests/odd-modules.setup.ts. */
export const ODD_MODULES = {
  exit0InInitialize,
  exit0InStart,
  exit1InStart,
  importedMemory,
  logsInStartSection,
  mainVoid,
  memoryOf4Gib,
  memoryOf64Bits,
  noAbiVersion,
  noAllocator,
  noMemory,
  recursionInStartSection,
  trapInConfigure,
  trapInInitialize,
  trapInStart,
  trapInStartSection,
  trapInVmStart,
  twoAbis,
  unknownAbi,
};
