import { defineGateway, variable } from "ebb";
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
        // Your endpoint for nginx's auth_request, Traefik's ForwardAuth or Caddy's forward_auth: any 2xx allows.
        protocol: "forward-auth",
        cluster: "auth",
        path: "/check",
        // From the endpoint's reply. Only the gateway can set this header.
        upstreamHeaders: ["x-user"],
      },
      // The endpoint decides everything else, by the method and the path that it is told.
      rules: [{ path: "/orders/health", methods: ["GET"], public: true }],
      // A decision counts for at most so long.
      cache: { maxTtlMs: 60_000 },
    },
  },
});
