/** What a `gateway.config.ts` needs. It runs in Workers and in Node. */
export {
  type BuiltInServiceInput,
  type ClusterInput,
  defineGateway,
  type GatewayInput,
  type InWorkerServiceInput,
  type OtherServiceInput,
  type Secret,
  type ServiceInput,
  secret,
  type UpstreamInput,
} from "../config/index.ts";
