import { setTimeout as sleep } from "node:timers/promises";
import { chooseReply } from "../filter/choose-reply.ts";
import type { ReplyInput } from "../filter/input-schema.ts";
import type { Answered } from "./authorization-server.ts";
import type { ReceivedRequest } from "./stand-in-server.ts";

/** Replies to the calls of a filter of the user's own, in one test. */
export class ScriptedReplies {
  readonly #replies: readonly ReplyInput[];
  /** Replies that were used at least once. */
  readonly #given = new Set<ReplyInput>();

  constructor(replies: readonly ReplyInput[]) {
    this.#replies = replies;
  }

  /** The choice is the same as in `npm run filter -- try`. */
  async answer(cluster: string, { method, url }: ReceivedRequest): Promise<Answered> {
    const path = url.pathname + url.search;
    const asked = `${method} ${path}`;
    const reply = chooseReply(this.#replies, this.#given, cluster, path);
    if (reply === undefined) return { reply: "reset", note: `${asked} -> no answer: no reply is scripted` };
    await sleep(reply.delayMs);
    const { answer } = reply;
    if (answer.kind === "fail") {
      return {
        reply: answer.reason === "timeout" ? "hang" : "reset",
        note: `${asked} -> no answer (${answer.reason})`,
      };
    }
    const { status, headers: lines, body } = answer;
    const headers: Record<string, string[]> = {};
    for (const [name, value] of lines) headers[name] = [...(headers[name] ?? []), value];
    return { reply: { status, headers, body }, note: `${asked} -> ${status}` };
  }
}
