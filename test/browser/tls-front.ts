import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type IncomingMessage, request as sendRequest } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A request that came to the front, and the status of its response. */
export interface PassedRequest {
  readonly method: string;
  /** Host and target. */
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly status: number;
}

export interface TlsFront {
  readonly port: number;
  readonly passed: readonly PassedRequest[];
  stop(): void;
}

/**
 * TLS before a gateway, as Cloudflare's edge is: browsers keep `__Host-` cookies of https only. The certificate is made now and
 * signed by itself.
 *
 * @param protoHeader request header from which the gateway takes the scheme
 */
export async function startTlsFront(gatewayPort: number, protoHeader: string): Promise<TlsFront> {
  const passed: PassedRequest[] = [];
  const server = createServer(selfSigned(), (request, response) => {
    const { method = "GET", url: path = "/", headers } = request;
    const onward = sendRequest(
      { host: "127.0.0.1", port: gatewayPort, method, path, headers: { ...headers, [protoHeader]: "https" } },
      (answer) => {
        const status = answer.statusCode ?? 0;
        passed.push({ method, url: `${headers.host}${path}`, headers, status });
        response.writeHead(status, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    passed,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Whether a certificate can be made. Where tests in a browser must run, it must. */
export function hasOpenssl(): boolean {
  if (spawnSync("openssl", ["version"]).status === 0) return true;
  const missing = "openssl is not there: apt-get install openssl";
  if (process.env.EBB_REQUIRE_CHROMIUM === "1") throw new Error(missing);
  console.warn(`The tests of signing in are skipped: ${missing}`);
  return false;
}

function selfSigned(): { key: string; cert: string } {
  const folder = mkdtempSync(join(tmpdir(), "ebb-tls-"));
  try {
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    const names = ["-subj", "/CN=example.com", "-addext", "subjectAltName=DNS:*.example.com"];
    execFileSync("openssl", ["req", ...kind, ...names, "-keyout", key, "-out", cert], { stdio: "pipe" });
    return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
