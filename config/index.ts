/** The gateway's configuration: how it is written, checked, and read. Runs in Workers, in workerd tests and in Node. */

export { type FilterConfiguration, type FilterEnvironment, filterConfiguration } from "./filter-configuration.ts";
export { findService } from "./find-service.ts";
export type {
  Authorization,
  Cache,
  Cluster,
  Credential,
  FilterKind,
  Gateway,
  Preflight,
  PreflightAnswer,
  Restart,
  Route,
  Rule,
  Service,
  Upstream,
} from "./gateway.ts";
export {
  type AuthorizationInput,
  type ClusterInput,
  defineGateway,
  type GatewayInput,
  type RuleInput,
  type Secret,
  type ServiceInput,
  secret,
  type UpstreamInput,
} from "./input.ts";
export { AUTHENTICATE_RULE, matchRule, type RuleMatch } from "./match-rule.ts";
export { type ConfigProblem, formatProblems } from "./problems.ts";
export { type Result, resolveGateway } from "./resolve.ts";
