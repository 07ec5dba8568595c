import { createGateway } from "ebb";
import config from "../gateway.config";

const gateway = createGateway(config);

export default gateway.worker;
export const { ServiceObject, AuthorizationCalls } = gateway;
