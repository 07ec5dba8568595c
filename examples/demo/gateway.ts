import { env } from "cloudflare:workers";
import { resolveGateway } from "../../config/index.ts";
import config from "../../gateway.config.ts";
import { createGateway } from "../../worker/create-gateway.ts";
import { joinDemo } from "./join-demo.ts";
import { quicken } from "./quicken.ts";

const gateway = createGateway(resolveGateway(config).ok ? demo() : config);

/** Only of a valid configuration; a wrong one goes to createGateway as it was written, to be named as it was written. */
function demo(): typeof config {
  const joined = joinDemo(config);
  return "DEMO_FAST" in env ? quicken(joined) : joined;
}

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
