/** The gateway's configuration: input types, checks and lookups. Runs in Workers, in workerd tests and in Node. */

export { asksAboutRequests, keyedBy, unkeyedHeadersOf } from "./decision-key.ts";
export { isolateLimits, restartSettings } from "./defaults.ts";
export { filterConfiguration } from "./filter-configuration.ts";
export { findService } from "./find-service.ts";
export type {
  Authorization,
  CallFreeGrowth,
  Cluster,
  Cors,
  Credential,
  EstimateSettings,
  FilterKind,
  ForwardAuth,
  Gateway,
  IsolateLimits,
  Issuer,
  PaperSettings,
  ProtectedResource,
  Requirements,
  Restart,
  RestartSettings,
  Rule,
  Service,
  UpstreamClaim,
} from "./gateway.ts";
export { hintsOf } from "./hints.ts";
export { identity } from "./identity.ts";
export {
  type BaselineReading,
  type BuiltInServiceInput,
  type ClusterInput,
  defineGateway,
  type GatewayInput,
  type HandlerInput,
  type InWorkerServiceInput,
  type OtherServiceInput,
  type RestartPolicyName,
  type Secret,
  type ServiceInput,
  secret,
  type UpstreamInput,
  type Variable,
  variable,
} from "./input.ts";
export { AUTHENTICATE_RULE, matchRule } from "./match-rule.ts";
export { belongsToNeighbour } from "./neighbours.ts";
export { formatProblems } from "./problems.ts";
export { gatewayIn, resolveGateway } from "./resolve.ts";
export { warningsOf } from "./warnings.ts";
