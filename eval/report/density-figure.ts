import type { EvalResults } from "../results.ts";
import { type Figure, figureSpec } from "./figure.ts";
import { INK, styleOf } from "./palette.ts";
import { isKnown, mibText, plural, shownName, signedPercentText } from "./text.ts";

/** The number of services that fit into one isolate under each policy. */
export function densityFigure(results: EvalResults, id: string): Figure | undefined {
  const rows = results.density.filter(({ services }) => isKnown(services)).toSorted((a, b) => b.services - a.services);
  if (rows.length === 0) return undefined;
  const servicesOf = (name: string) => rows.find(({ policy }) => policy === name)?.services;
  const [measured, never] = [servicesOf("measured"), servicesOf("never")];
  const order = rows.map(({ policy }) => shownName(policy));
  const both = isKnown(measured) && isKnown(never);
  return {
    id,
    sentence:
      both && never > 0
        ? `Compared with never, that is ${signedPercentText(measured / never - 1)} in the same 128 MB. The services' peaks are spread over the day.`
        : "",
    spec: figureSpec({
      title: both
        ? `With measured, ${plural(measured, "service")} fit into one isolate; with never, ${measured === never ? "as many" : never}`
        : "Services that fit into one isolate",
      subtitle: "services with shifted daily peaks in one isolate of 128 MB without overrun, by policy",
      height: { step: 34 },
      body: {
        data: {
          values: rows.map(({ policy, services, peakBytes }) => ({
            policy: shownName(policy),
            services,
            label: `${services} (peak ${mibText(peakBytes)} MiB)`,
          })),
        },
        encoding: {
          y: { field: "policy", type: "nominal", sort: order, axis: { title: null, domain: false, ticks: false } },
          x: {
            field: "services",
            type: "quantitative",
            scale: { domain: [0, Math.max(1, rows[0]!.services) * 1.3], nice: false },
            axis: null,
          },
        },
        layer: [
          {
            mark: { type: "bar", height: 22 },
            encoding: {
              color: {
                field: "policy",
                type: "nominal",
                scale: { domain: order, range: order.map((policy) => styleOf(policy).colour) },
                legend: null,
              },
            },
          },
          {
            mark: { type: "text", align: "left", dx: 6, fontSize: 12, color: INK },
            encoding: { text: { field: "label" } },
          },
        ],
      },
    }),
  };
}
