/** What the report says about names that a reader meets in it. */

export const TERMS: readonly (readonly [string, string])[] = [
  ["allocated", "bytes of linear memory the instance holds: pages of 64 KiB"],
  ["required", "bytes in real use: live cache entries and the filter's fixed part. Not to be seen from outside"],
  ["surplus", "allocated less required"],
  ["outbound", "a call from the filter to the authorization server"],
  ["extra outbound", "outbound calls over those of the same requests without any restart: the price of restarts"],
  ["baseline", "the allocation that a fresh instance would grow back to under today's load"],
  ["generation", "one life of the instance between two restarts"],
];

const POLICIES: Readonly<Record<string, string>> = {
  never: "no restart; memory grows to its peak and stays there",
  uptime: "a restart at a fixed maximum uptime, swept over many lengths",
  threshold: "a restart at a fixed size of allocated, swept over many sizes",
  ratio: "the paper's rule by the letter: restart when pages grow more slowly than outbound calls",
  measured: "Ebb's default: required is estimated, and a restart must be worth the outbound calls that it costs",
  oracle: "decides as measured does, but is told the live bytes; shows what the estimate costs",
  optimum: "the exact optimum by dynamic programming, with all of the future known; nothing can do better",
};

const GUESTS: Readonly<Record<string, string>> = {
  "built-in": "the filter that comes with Ebb; grows page by page",
  page: "grows page by page, and frees expired entries at once",
  doubling: "doubles its memory whenever it is full",
  "plus-20-percent": "grows by a fifth of its memory",
  "arena-4-mib": "grows by 4 MiB at a time",
  "size-classes": "keeps entries of differing sizes in slots of powers of two",
  "lazy-expiry": "frees an expired entry only when it is touched again",
  leak: "frees nothing ever; an expired entry is written anew",
  "sliding-ttl": "counts the TTL from the last use of an entry, not from its write",
};

/** Undefined for a name that says enough, or that nobody knows here. */
export function aboutPolicy(policy: string): string | undefined {
  return own(POLICIES, policy.split("-")[0]!);
}

export function aboutGuest(guest: string): string | undefined {
  return own(GUESTS, guest);
}

/** A guest may be called "constructor". */
function own(words: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(words, name) ? words[name] : undefined;
}
