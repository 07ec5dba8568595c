import { type Gateway, type GatewayInput, resolveGateway } from "../../config/index.ts";
import { joinDemo } from "../../examples/demo/join-demo.ts";
import { loadConfig } from "../load-config.ts";

/** The gateway as `npm start` runs it: a configuration with the demo's servers. Undefined if it is wrong, which the build reports. */
export async function runningGateway(file: string): Promise<Gateway | undefined> {
  const loaded = await loadConfig(file, { stubWasm: true });
  if (!loaded.ok || !resolveGateway(loaded.config, file).ok) return undefined;
  const joined = resolveGateway(joinDemo(loaded.config as GatewayInput), file);
  return joined.ok ? joined.gateway : undefined;
}
