/** The report's explanations of terms, policies and guests. */

export const TERMS: readonly (readonly [string, string])[] = [
  ["allocated", "bytes of linear memory the instance holds: pages of 64 KiB"],
  ["required", "bytes in use by live cache entries and the filter's fixed part; cannot be seen from outside"],
  ["surplus", "allocated less required"],
  ["retired", "memory of an ended instance that is not yet collected"],
  ["held", "allocated and retired"],
  ["floor", "live entries in whole pages and the fixed part; no restart leads below it"],
  ["handover", "live entries move to the next instance at a restart, so that nothing is lost"],
  ["outbound", "a call from the filter to the authorization server"],
  [
    "extra outbound",
    "outbound calls over those of the same requests without any restart: the price of restarts without handover",
  ],
  ["share", "the extra outbound calls that the operator allows, as a share of all: 1 % by default"],
  ["worst day", "the 24 hours with the greatest share of extra outbound calls, wherever they begin"],
  ["timer", "restarts at a fixed age of the instance; the policy uptime"],
  ["timer within the share", "the timer that holds least and costs no more than the share; never counts as one"],
  ["timer at equal calls", "the timer that holds least and costs no more than measured did"],
  ["gap closed", "what measured saves over never, as a share of what the optimum saves at the same extra calls"],
  ["work", "CPU for moving entries and forcing collections, as a share of a core; with handover the price of restarts"],
  ["baseline", "the allocation that a fresh instance would grow back to under today's load"],
  ["generation", "one life of the instance between two restarts"],
];

const POLICIES: Readonly<Record<string, string>> = {
  never: "no restart; memory grows to its peak and stays there",
  uptime: "a restart at a fixed maximum uptime, swept over many lengths",
  threshold: "a restart at a fixed size of allocated, swept over many sizes",
  ratio:
    "the rule of the paper that Ebb builds on, read literally: restart when pages grow more slowly than outbound calls",
  measured: "Ebb's default: estimates required, and restarts when that is worth the outbound calls it costs",
  oracle: "sees the live bytes but not the future; restarts when it has carried enough surplus for long enough",
  optimum: "the exact optimum by dynamic programming; knows the whole future, so no policy can do better",
};

const GUESTS: Readonly<Record<string, string>> = {
  "built-in": "the filter that comes with Ebb; grows page by page",
  page: "grows page by page, and frees expired entries at once",
  doubling: "doubles its memory whenever it is full",
  "plus-20-percent": "grows by a fifth of its memory",
  "arena-4-mib": "grows by 4 MiB at a time",
  "size-classes": "keeps entries of different sizes in slots of powers of two",
  "lazy-expiry": "frees an expired entry only when its key is requested again",
  leak: "never frees anything; an expired entry is written again into new memory",
  "calls-nobody": "has no cache and makes no call; leaks 2.45 kB at every request",
  "sliding-ttl": "counts the TTL from the last use of an entry, not from its write",
};

/** Undefined for an unknown policy. */
export function aboutPolicy(policy: string): string | undefined {
  return own(POLICIES, policy.split("-")[0]!);
}

export function aboutGuest(guest: string): string | undefined {
  return own(GUESTS, guest);
}

/** Ignores inherited properties, because a guest may be named "constructor". */
function own(words: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(words, name) ? words[name] : undefined;
}
