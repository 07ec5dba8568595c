import { defineGateway, secret } from "ebb";
import { app } from "./src/app";

export default defineGateway({
  services: {
    orders: {
      route: { prefix: "/orders" },
      upstream: { handler: app },
      credentials: [{ from: "header", name: "X-Api-Key" }],
      authorization: {
        protocol: "api-keys",
        keys: secret("PARTNER_KEYS"),
        // The name of the key. Only the gateway can set this header.
        upstreamClaims: { sub: "x-partner" },
      },
      // The app does not get the key.
      upstreamAuthorization: "remove",
      unmatched: "deny",
      rules: [
        { path: "/orders/health", methods: ["GET"], public: true },
        { path: "/orders/:id", methods: ["GET"], scopes: ["orders:read"] },
        { path: "/orders/:id", methods: ["DELETE"], scopes: ["orders:write"] },
      ],
    },
  },
});
