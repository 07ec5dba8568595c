import type { ReplyInput } from "./input-schema.ts";

/**
 * The scripted reply to a call, or undefined if there is none. Replies for the path take precedence over those for any. Several
 * for the same path are used in turn; the last repeats.
 *
 * @param given replies that were used before; the chosen one is added
 */
export function chooseReply(
  replies: readonly ReplyInput[],
  given: Set<ReplyInput>,
  cluster: string,
  path: string,
): ReplyInput | undefined {
  const ofCluster = replies.filter((reply) => reply.cluster === cluster);
  const ofPath = ofCluster.filter((reply) => reply.path !== undefined && covers(reply.path, path));
  const candidates = ofPath.length > 0 ? ofPath : ofCluster.filter((reply) => reply.path === undefined);
  const reply = candidates.find((candidate) => !given.has(candidate)) ?? candidates.at(-1);
  if (reply !== undefined) given.add(reply);
  return reply;
}

function covers(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
