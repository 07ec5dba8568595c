import { defineGateway, variable } from "ebb";
import filter from "./http-call-and-continue.wasm";
import { app } from "./src/app";

// The same filter, with the same settings, as in envoy.yaml. README.md says which field becomes which.
export default defineGateway({
  services: {
    orders: {
      route: { prefix: "/orders" },
      upstream: { handler: app },
      filter,
      rootId: "http-call-and-continue",
      configuration: "cluster=auth\nauthority=auth.example.com\npath=/check\nheader=x-user\n",
      clusters: { auth: { url: variable("AUTH_URL"), timeoutMs: 2_000 } },
      // Only the filter can set this header.
      identityHeaders: ["x-user"],
      // The filter does not see these requests.
      rules: [{ path: "/orders/health", methods: ["GET"], public: true }],
    },
  },
});
