/** What a `gateway.config.ts` and a handler need. It runs in Workers and in Node. */
export {
  type BuiltInServiceInput,
  type ClusterInput,
  defineGateway,
  type GatewayInput,
  type HandlerInput,
  type InWorkerServiceInput,
  identity,
  type OtherServiceInput,
  type Secret,
  type ServiceInput,
  secret,
  type UpstreamInput,
  type Variable,
  variable,
} from "../config/index.ts";
