import { spawnSync } from "node:child_process";

/** Debian's prometheus installs both in /usr/bin. */
export type PrometheusProgram = "promtool" | "prometheus";

/** Whether the program can be run. With EBB_REQUIRE_PROMTOOL=1 it must be. @throws Error if it must be and is not */
export function hasPrometheus(program: PrometheusProgram): boolean {
  const isThere = spawnSync(program, ["--version"]).status === 0;
  if (isThere) return true;
  const missing = `${program} is not installed: apt-get install prometheus`;
  if (process.env.EBB_REQUIRE_PROMTOOL === "1") throw new Error(missing);
  console.warn(`${missing}. The tests with it are skipped; EBB_REQUIRE_PROMTOOL=1 makes them fail.`);
  return false;
}

/** What promtool says; null if it has nothing to say against it. */
export function promtool(args: readonly string[], input = ""): string | null {
  const { status, stdout, stderr, error } = spawnSync("promtool", args, { input, encoding: "utf8" });
  if (error) throw error;
  return status === 0 ? null : `${stdout}${stderr}`;
}
