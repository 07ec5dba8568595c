/**
 * Two services with their own filters. To check it, run `npm run build:examples` to build the filters, and then
 * `npm run check-config examples/filters/gateway.config.ts`.
 */
import { defineGateway } from "../../config/index.ts";
import denyWithoutCredential from "./build/deny-without-credential.wasm";
import httpCallAndContinue from "./build/http-call-and-continue.wasm";

export default defineGateway({
  services: {
    reports: {
      route: { prefix: "/reports" },
      upstream: { url: "https://reports.example" },
      filter: denyWithoutCredential,
      // Passed to the filter unchanged: here header names, one per line.
      configuration: "authorization\nx-api-key",
    },
    orders: {
      route: { prefix: "/orders" },
      upstream: { url: "https://orders.example" },
      filter: httpCallAndContinue,
      configuration: "cluster=auth\nauthority=auth.example\npath=/check\nheader=x-user",
      // The filter calls servers by these names.
      clusters: { auth: { url: "https://auth.example", timeoutMs: 2_000 } },
      // Clients cannot set it; the filter can.
      identityHeaders: ["x-user"],
    },
  },
});
