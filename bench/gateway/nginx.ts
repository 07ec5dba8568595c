import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Nginx {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/**
 * Starts nginx with the same job: `auth_request` for each request, with the server's replies kept by `proxy_cache`, the identity
 * header from the reply. Undefined if nginx with that module is not installed.
 */
export async function startNginx(upstreamPort: number, authorizationPort: number): Promise<Nginx | undefined> {
  const { stderr } = spawnSync("nginx", ["-V"], { encoding: "utf8" });
  if (!stderr?.includes("http_auth_request_module")) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "ebb-nginx-"));
  const port = await freePort();
  const file = join(folder, "nginx.conf");
  await writeFile(file, configuration(folder, port, upstreamPort, authorizationPort));
  const child = spawn("nginx", ["-c", file, "-p", folder, "-e", join(folder, "error.log")], { stdio: "ignore" });
  const stop = async () => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  await listening(child, port);
  return { pid: child.pid!, port, stop };
}

/** One process without a master, so that its CPU is all there is. */
function configuration(folder: string, port: number, upstream: number, authorization: number): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
daemon off; master_process off; pid ${folder}/pid;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
  proxy_cache_path ${folder}/cache keys_zone=decisions:32m;
  upstream upstream { server 127.0.0.1:${upstream}; keepalive 64; }
  upstream authorization { server 127.0.0.1:${authorization}; keepalive 64; }
  server {
    listen 127.0.0.1:${port};
    location / {
      auth_request /_check;
      auth_request_set $user $upstream_http_x_user;
      proxy_set_header X-User $user;
      proxy_set_header Connection "";
      proxy_http_version 1.1;
      proxy_pass http://upstream;
    }
    location = /_check {
      internal;
      proxy_pass http://authorization;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
      proxy_http_version 1.1;
      proxy_cache decisions;
      proxy_cache_key $http_authorization;
      proxy_cache_valid 200 300s;
    }
  }
}
`;
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function listening(child: ChildProcess, port: number): Promise<void> {
  for (let attempt = 0; attempt < 100 && child.exitCode === null; attempt += 1) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      socket.on("connect", () => socket.destroy());
    });
    if (isOpen) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("nginx does not listen");
}
