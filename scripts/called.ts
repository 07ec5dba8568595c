import { join } from "node:path";

/** The compiled files are those of the package; the repository runs its sources. */
const IS_PACKAGE = import.meta.url.endsWith(".js");

/** The folder of package.json. Compiled files are below `package/build`. */
export const PACKAGE_ROOT = join(import.meta.dirname, IS_PACKAGE ? "../../.." : "..");

/** Commands with another name in the package. */
const NAMES_IN_PACKAGE: Readonly<Record<string, string>> = { policy: "test" };

/** A command as the reader of a message calls it here: `npm run filter -- cap a.wasm`, or `ebb filter cap a.wasm`. */
export function called(command: string, args = ""): string {
  if (IS_PACKAGE) return ["ebb", NAMES_IN_PACKAGE[command] ?? command, args].filter((part) => part !== "").join(" ");
  return args === "" ? `npm run ${command}` : `npm run ${command} -- ${args}`;
}

/** What starts a gateway on this machine. */
export const START_COMMAND = IS_PACKAGE ? "wrangler dev" : "npm start";
