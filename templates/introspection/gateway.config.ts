import { defineGateway, secret, variable } from "ebb";
import filter from "ebb/filter.wasm";
import { app } from "./src/app";

export default defineGateway({
  services: {
    orders: {
      route: { prefix: "/orders" },
      upstream: { handler: app },
      filter,
      clusters: { auth: { url: variable("AUTH_URL"), timeoutMs: 2_000 } },
      authorization: {
        protocol: "introspection",
        cluster: "auth",
        path: "/oauth/introspect",
        clientAuthentication: { type: "basic", id: "gateway", secret: secret("INTROSPECTION_SECRET") },
        // Without this, tokens for the server's other services pass too.
        expect: { audience: "orders-api" },
        // Only the gateway can set this header.
        upstreamClaims: { sub: "x-user" },
      },
      unmatched: "deny",
      rules: [
        { path: "/orders/health", methods: ["GET"], public: true },
        { path: "/orders/:id", methods: ["GET"], scopes: ["orders:read"] },
        { path: "/orders/:id", methods: ["DELETE"], scopes: ["orders:write"] },
      ],
      // A revoked token passes for at most so long. Servers often send no-store with every reply, meant for HTTP caches.
      cache: { maxTtlMs: 60_000, obeyCacheControl: false },
    },
  },
});
