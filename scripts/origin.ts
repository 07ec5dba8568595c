export type ReadOrigin = { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly message: string };

/** Reads `--url`, the address of a gateway: scheme, host and port, without a path. */
export function readOrigin(text: string): ReadOrigin {
  const found = `--url is ${JSON.stringify(text)}; allowed`;
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    return { ok: false, message: `${found} is an address such as http://localhost:8787.` };
  }
  if (url.pathname !== "/" || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    return { ok: false, message: `${found} are only scheme, host and port (the path: --prefix).` };
  }
  return { ok: true, url };
}

/** Accepts only names that always mean this machine; URL has already turned `127.1` and `0x7f000001` into 127.0.0.1. */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
