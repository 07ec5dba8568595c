/**
 * Preloaded into wrangler by scripts/start.ts, which makes wrangler the head of a process group of its own. Should
 * start.ts be killed, so that it cannot end wrangler any more, the channel between them closes and the whole group goes:
 * wrangler, its children and workerd, which would otherwise hold the port and memory until the machine restarts.
 */
import { isMainThread } from "node:worker_threads";

if (isMainThread) {
  process.once("disconnect", () => process.kill(0, "SIGKILL"));
  // Listening must not keep a process alive that has nothing else to do.
  process.channel?.unref();
}
