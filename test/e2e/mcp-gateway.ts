import { defineGateway } from "../../config/index.ts";
import { createGateway } from "../../worker/create-gateway.ts";

/** Origin of the authorization server. Set when the Worker is bundled. */
declare const OIDC_ORIGIN: string;

const gateway = createGateway(
  defineGateway({
    services: {
      mcp: {
        route: { hosts: ["mcp.example.com"], prefix: "/mcp" },
        upstream: { binding: "UPSTREAM" },
        authorization: {
          protocol: "jwt",
          issuers: [{ issuer: OIDC_ORIGIN, audience: "https://mcp.example.com/mcp", typ: "at+jwt" }],
          upstreamClaims: { sub: "x-user" },
        },
        resource: { authorizationServers: [OIDC_ORIGIN], scopes: ["mcp:read"], name: "Orders for agents" },
        rules: [{ path: "/mcp/admin", scopes: ["mcp:read", "mcp:admin"] }],
      },
    },
  }),
);

export default gateway.worker;
export const ServiceObject = gateway.ServiceObject;
