import { SCRIPT, STYLE } from "./build/assets.ts";

const ASSETS: ReadonlyMap<string, { readonly text: string; readonly type: string }> = new Map([
  [SCRIPT.name, { text: SCRIPT.text, type: "text/javascript; charset=utf-8" }],
  [STYLE.name, { text: STYLE.text, type: "text/css; charset=utf-8" }],
]);

/**
 * The page's script or style sheet; undefined if there is no such one. Open to all: they are the same for every gateway of this
 * version, and the form to sign in needs them. Their names have a hash of their content, so they never change.
 */
export function assetResponse(name: string): Response | undefined {
  const asset = ASSETS.get(name);
  if (asset === undefined) return undefined;
  return new Response(asset.text, {
    headers: {
      "content-type": asset.type,
      "cache-control": "public, max-age=31536000, immutable",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
    },
  });
}
