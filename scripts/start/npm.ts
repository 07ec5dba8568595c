import { readFileSync } from "node:fs";

const CHECK_INTERVAL_MS = 1_000;

/**
 * Calls back once npm, which started this process, is gone. npm passes on SIGINT and SIGTERM; killed in another way it
 * leaves its script running, unseen. Does nothing if this process was not started by `npm start`.
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
 * The ids from the parent up to npm: it runs a script in a shell, which stays between them or not, depending on the
 * shell. An orphan gets another parent, so they change with npm's end. No further up: what started npm may well end.
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
