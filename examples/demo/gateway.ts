import { env } from "cloudflare:workers";
import { formatProblems, resolveGateway } from "../../config/index.ts";
import config from "../../gateway.config.ts";
import { createGateway } from "../../worker/create-gateway.ts";
import { explainProblems } from "./explain-problems.ts";
import { joinDemo } from "./join-demo.ts";
import { quicken } from "./quicken.ts";

// A deployment with a wrong configuration must not start. The demo does start, and reports the problems until they are fixed.
const resolved = resolveGateway(config);
const gateway = resolved.ok ? createGateway(demo()) : explainProblems(formatProblems(resolved.problems));

function demo(): typeof config {
  const joined = joinDemo(config);
  return "DEMO_FAST" in env ? quicken(joined) : joined;
}

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;
