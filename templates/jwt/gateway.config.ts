import { defineGateway, variable } from "ebb";
import { app } from "./src/app";

export default defineGateway({
  services: {
    orders: {
      route: { prefix: "/orders" },
      upstream: { handler: app },
      authorization: {
        protocol: "jwt",
        // Keys come from the issuer's metadata. wrangler.toml has the values.
        issuers: [{ issuer: variable("ISSUER"), audience: variable("AUDIENCE") }],
        // Only the gateway can set this header.
        upstreamClaims: { sub: "x-user" },
      },
      unmatched: "deny",
      rules: [
        { path: "/orders/health", methods: ["GET"], public: true },
        { path: "/orders/:id", methods: ["GET"], scopes: ["orders:read"] },
        { path: "/orders/:id", methods: ["DELETE"], scopes: ["orders:write"] },
      ],
    },
  },
});
