/**
 * scripts/start.ts preloads this into wrangler, which it starts as the leader of its own process group. If start.ts is
 * killed, it can no longer end wrangler. The channel between them then closes, and this kills the whole group: wrangler, its
 * children and workerd, which would otherwise hold the port and memory until the machine restarts.
 */
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.once("disconnect", () => process.kill(0, "SIGKILL"));
  // The channel must not keep the process alive.
  process.channel?.unref();
}
