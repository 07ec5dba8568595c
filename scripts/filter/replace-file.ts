import { chmod, lstat, realpath, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { messageOf, WrongInput } from "./wrong-input.ts";

/**
 * Writes a file, or the target if it is a link. Writes a temporary file first, because the old file may be the only copy. An
 * existing file keeps its mode.
 * @throws WrongInput
 */
export async function replaceFile(file: string, bytes: Uint8Array): Promise<void> {
  const mode = await modeToKeep(file);
  const target = mode === undefined ? file : await realpath(file);
  const written = `${target}.${process.pid}.tmp`;
  const folder = dirname(written);
  if (!(await stat(folder).catch(() => undefined))?.isDirectory()) {
    throw new WrongInput(`${file}: cannot be written: there is no folder ${folder}`);
  }
  try {
    await writeFile(written, bytes);
    if (mode !== undefined) await chmod(written, mode);
    await rename(written, target);
  } catch (error) {
    // If the temporary file was never created, report the first error, not that it cannot be removed.
    await rm(written, { force: true }).catch(() => undefined);
    // Removes the name of the temporary file, which would confuse the user.
    const reason = messageOf(error).replace(/, \w+ '.*$/s, "");
    throw new WrongInput(`${file}: cannot be written: ${reason}; --out names another place`);
  }
}

/** Undefined if the file does not exist. Refuses devices and pipes, which the rename would replace. */
async function modeToKeep(file: string): Promise<number | undefined> {
  const found = await stat(file).catch(() => undefined);
  if (found?.isFile()) return found.mode & 0o7777;
  if (found?.isDirectory()) throw new WrongInput(`${file}: is a folder: name the file in it that is to be written`);
  if (found !== undefined) throw new WrongInput(`${file}: is a device, a pipe or a socket: name a file`);
  const link = await lstat(file).catch(() => undefined);
  if (link !== undefined) throw new WrongInput(`${file}: is a link that leads nowhere: remove it, or name a file`);
  return undefined;
}
