/** A user's entry from before there was an entrypoint for calls: it exports the Worker and the object only. */
export { default, ServiceObject } from "./gateway.ts";
