import { expect, it } from "vitest";
import { builtInService, gatewayOf } from "../../config/testing/inputs.ts";
import { visibleGateway } from "./visible-gateway.ts";

const gateway = gatewayOf({
  orders: builtInService(),
  bills: builtInService({ route: { prefix: "/bills" }, upstream: { url: "https://bills.example" } }),
});

it("all of the gateway is visible with the token for all services", () => {
  expect(visibleGateway(gateway, "all")).toBe(gateway);
});

it("with other tokens, their services are, and not what is wrong in others", () => {
  const faulty = { ...gateway, fault: "services.bills.upstream.url: found nothing" };
  const visible = visibleGateway(faulty, ["orders"]);
  expect(visible.services.map(({ name }) => name)).toEqual(["orders"]);
  expect(visible.fault).toMatch(/^variables of the configuration have no valid value/);
  expect(visible.fault).not.toContain("bills");
  expect(visibleGateway(gateway, ["orders"]).fault).toBeUndefined();
});
