/**
 * Two services with filters of their own. `npm run check-config examples/filters/gateway.config.ts` checks it, after
 * `npm run build:examples` has built the filters.
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
      // Handed to the filter as it is: here names of headers, one a line.
      configuration: "authorization\nx-api-key",
    },
    orders: {
      route: { prefix: "/orders" },
      upstream: { url: "https://orders.example" },
      filter: httpCallAndContinue,
      configuration: "cluster=auth\nauthority=auth.example\npath=/check\nheader=x-user",
      // The names by which the filter calls servers.
      clusters: { auth: { url: "https://auth.example", timeoutMs: 2_000 } },
      // Clients cannot set it; the filter can.
      identityHeaders: ["x-user"],
    },
  },
});
