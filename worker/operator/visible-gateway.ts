import type { Gateway } from "../../config/index.ts";
import type { VisibleServices } from "../../config/operator-tokens.ts";

/** Names what is wrong in other services too. */
const HIDDEN_FAULT =
  "variables of the configuration have no valid value; the operator token for all services shows which";

/** The gateway as the holder of a token may see it: pages that show or act on "all services" get these. */
export function visibleGateway(gateway: Gateway, visible: VisibleServices): Gateway {
  if (visible === "all") return gateway;
  return {
    ...gateway,
    services: gateway.services.filter(({ name }) => visible.includes(name)),
    ...(gateway.fault === undefined ? {} : { fault: HIDDEN_FAULT }),
  };
}
