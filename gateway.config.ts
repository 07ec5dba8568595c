import { defineGateway } from "./config/index.ts";
import filter from "./wasm/filter/build/filter.wasm";

// Your gateway. `npm run check-config` names every mistake; an editor completes the fields and shows what they mean.
// Names that end in .example exist nowhere: `npm start` puts the demo's servers in their place.
export default defineGateway({
  services: {
    orders: {
      // /orders and everything below it, on every host; add `hosts: ["api.your-domain.com"]` to be stricter.
      route: { prefix: "/orders" },
      // Where requests go that may pass: a URL, or `{ binding: "ORDERS" }` for another Worker.
      upstream: { url: "https://orders.example" },

      // The built-in filter asks this server once for each credential and path, and keeps the answer for a while.
      filter,
      authorization: {
        protocol: "forward-auth", // or "introspection", "authzen", "opa"
        cluster: "auth",
        path: "/check",
        // Who the caller is, as the authorization server says. Clients cannot set these headers themselves.
        upstreamHeaders: ["x-user"],
      },
      clusters: {
        auth: { url: "https://auth.example", timeoutMs: 2_000 },
      },
      credentials: [{ from: "authorization", schemes: ["Bearer"] }],

      // First match wins. Every other path needs a credential; `unmatched: "deny"` would close them.
      rules: [{ path: "/orders/health", methods: ["GET"], public: true }],

      // A revoked credential stops working within maxTtlMs at the latest. With `persist`, and a secret EBB_KEY, decisions
      // outlive the object that made them: a service that sleeps comes back with them.
      cache: { maxTtlMs: 600_000, denyTtlMs: 10_000, persist: true },
    },
  },
});
