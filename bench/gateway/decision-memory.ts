import { bundleWorker } from "../../scripts/bundle-worker.ts";
import { usageOf } from "../../scripts/soak/memory-watch.ts";
import { startWorkerd } from "../../scripts/workerd.ts";
import { closedLoop } from "../load.ts";
import { requestOf } from "./contenders.ts";
import type { MemoryContender } from "./memory-contenders.ts";

const CONNECTIONS = 32;
/** A usual length of a signed token. */
const TOKEN_CHARACTERS = 800;
const OBJECTS = { SERVICE_OBJECT: "ServiceObject", DECISIONS: "Decisions", NO_OP: "NoOp", ASKING: "Asking" };

/** Resident bytes of a process of its own after one request with a token of its own of each of so many users, and forced collections. */
export async function residentBytes(contender: MemoryContender, users: number): Promise<number> {
  const bundle = (name: string) => bundleWorker(`bench/workers/${name}.ts`);
  const workerd = await startWorkerd(
    {
      gateway: {
        bundle: await bundleWorker("bench/workers/collectable.ts", { CONTENDER: contender }),
        services: { UPSTREAM: "upstream", AUTHORIZATION: "authorization" },
        objects: OBJECTS,
      },
      upstream: { bundle: await bundle("upstream") },
      authorization: { bundle: await bundle("authorization") },
    },
    ["gateway"],
    { v8Flags: ["--expose-gc"] },
  );
  const port = workerd.ports.gateway!;
  try {
    for (let asked = 0; asked < users; ) {
      const from = asked;
      const { requests, failures } = await closedLoop(port, CONNECTIONS, 500, (n) => {
        return requestOf(String((from + n) % users).padEnd(TOKEN_CHARACTERS, "x"), "/orders/1");
      });
      if (failures > 0) throw new Error(`${contender}: ${failures} requests failed: ${workerd.log()}`);
      asked += requests;
    }
    await (await fetch(`http://127.0.0.1:${port}/gc`)).arrayBuffer();
    return (await usageOf(workerd.pid)).residentBytes;
  } finally {
    await workerd.stop();
  }
}
