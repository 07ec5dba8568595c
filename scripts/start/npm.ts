import { readFileSync } from "node:fs";

const CHECK_INTERVAL_MS = 1_000;

/**
 * Calls back when npm, which started this process, is gone. npm passes on SIGINT and SIGTERM, but if it is killed in another
 * way, its script keeps running unnoticed. Does nothing if `npm start` did not start this process.
 */
export function onNpmGone(callback: () => void): void {
  if (process.env.npm_lifecycle_event !== "start") return;
  const atStart = lineage();
  const timer = setInterval(() => {
    if (lineage() === atStart) return;
    clearInterval(timer);
    callback();
  }, CHECK_INTERVAL_MS);
  timer.unref();
}

/**
 * The process ids from the parent up to npm. npm runs a script in a shell; whether that stays in between depends on the
 * shell. An orphan gets another parent, so the ids change when npm ends. Ignores npm's own parent, which may end earlier.
 */
function lineage(): string {
  const parent = process.ppid;
  try {
    if (readFileSync(`/proc/${parent}/comm`, "utf8").trim() !== "sh") return `${parent}`;
    const grandparent = /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${parent}/status`, "utf8"))?.[1];
    return `${parent} ${grandparent}`;
  } catch {
    // Only Linux has these files.
    return `${parent}`;
  }
}
