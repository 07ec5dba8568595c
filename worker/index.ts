import config from "../gateway.config.ts";
import { createGateway } from "./create-gateway.ts";

const gateway = createGateway(config);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
export const AuthorizationCalls = gateway.AuthorizationCalls;
