import { raw } from "hono/html";

/** JSON for a `<script type="application/json">`: no text in it can end the element or open a comment. */
export function jsonForScript(value: unknown): ReturnType<typeof raw> {
  return raw(JSON.stringify(value).replaceAll("<", "\\u003c"));
}
