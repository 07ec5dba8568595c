import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundleWorker } from "../../scripts/bundle-worker.ts";

/** The bound upstream of a gateway under test: it answers with the headers that it got. */
const ECHO = "export default { fetch: (request) => Response.json(Object.fromEntries(request.headers)) };";

/** Listens on this machine. @returns the server's origin */
export async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/**
 * Starts a gateway whose tokens come from a real provider.
 *
 * @param entry of the Worker, which has `OIDC_ORIGIN` and the bound upstream `UPSTREAM`
 */
export async function startGatewayAt(
  entry: string,
  issuer: string,
  bindings: Readonly<Record<string, string>> = {},
): Promise<Miniflare> {
  const { script, wasm } = await bundleWorker(entry, { OIDC_ORIGIN: issuer });
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: "gateway",
          compatibilityDate: "2026-11-01",
          modules: [
            { type: "ESModule", path: "gateway.js", contents: script },
            ...[...wasm].map(([path, contents]) => ({ type: "CompiledWasm" as const, path: path.slice(2), contents })),
          ],
          bindings,
          durableObjects: { SERVICE_OBJECT: { className: "ServiceObject", useSQLite: true } },
          serviceBindings: { UPSTREAM: "upstream" },
        },
        { name: "upstream", compatibilityDate: "2026-11-01", modules: true, script: ECHO },
      ],
    }),
  );
  await miniflare.ready;
  return miniflare;
}

export async function stopGatewayAt(server: Server | undefined, miniflare: Miniflare | undefined): Promise<void> {
  await miniflare?.dispose();
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
}
