import { LOG_ERROR, proxy_log } from "../../../wasm/filter/assembly/abi";
import { arenaMark } from "../../../wasm/filter/assembly/arena";
import { Span, indexOfByte } from "../../../wasm/filter/assembly/span";
import { putSpan, putText } from "../../../wasm/filter/assembly/text-writer";

/** What the plugin configuration chooses: `RULE TTL_MS ENTRY_BYTES`, one space between. */

export const RULE_PAGE: u32 = 0;
export const RULE_DOUBLING: u32 = 1;
export const RULE_PLUS_20_PERCENT: u32 = 2;
export const RULE_ARENA_4_MIB: u32 = 3;
export const RULE_LAZY_EXPIRY: u32 = 4;
export const RULE_LEAK: u32 = 5;
export const RULE_SLIDING_TTL: u32 = 6;
export const RULE_SIZE_CLASSES: u32 = 7;
const RULES: u32 = 8;

const MAX_TTL_MS: u64 = 86400000;
const MAX_ENTRY_BYTES: u64 = 16000;

export let rule: u32 = RULES;
export let ttlMs: u64 = 0;
export let entryBytes: u32 = 0;

function nameOf(candidate: u32): string {
  switch (candidate) {
    case RULE_PAGE: return "page";
    case RULE_DOUBLING: return "doubling";
    case RULE_PLUS_20_PERCENT: return "plus-20-percent";
    case RULE_ARENA_4_MIB: return "arena-4-mib";
    case RULE_LAZY_EXPIRY: return "lazy-expiry";
    case RULE_LEAK: return "leak";
    case RULE_SLIDING_TTL: return "sliding-ttl";
    default: return "size-classes";
  }
}

const word = changetype<Span>(memory.data(8));
let rest: usize = 0;

/** @returns false, with the reason in the log, if the text is none */
export function readConfiguration(start: usize, size: usize): bool {
  rest = start;
  const end = start + size;
  nextWord(end);
  rule = 0;
  while (rule < RULES && !word.is(nameOf(rule))) rule++;
  if (rule == RULES) return complainOfRule();
  nextWord(end);
  if (!readNumber(MAX_TTL_MS) || number == 0) return complain("the second word is the TTL, 1 to 86400000 ms");
  ttlMs = number;
  nextWord(end);
  if (!readNumber(MAX_ENTRY_BYTES)) return complain("the third word is the size of an entry, 0 to 16000 bytes");
  entryBytes = <u32>number;
  return rest == end || complain("there are more than three words");
}

function nextWord(end: usize): void {
  const wordEnd = indexOfByte(rest, end, 0x20);
  word.set(rest, wordEnd - rest);
  rest = wordEnd < end ? wordEnd + 1 : end;
}

let number: u64 = 0;

function readNumber(limit: u64): bool {
  number = 0;
  for (let at = word.start; at < word.end; at++) {
    const digit = load<u8>(at) - 0x30;
    if (digit > 9) return false;
    number = number * 10 + digit;
    if (number > limit) return false;
  }
  return word.size > 0;
}

function complainOfRule(): bool {
  const start = arenaMark();
  putText('configuration: the growth rule "');
  putSpan(word);
  putText('" is not known; known are ');
  for (let known: u32 = 0; known < RULES; known++) {
    if (known > 0) putText(", ");
    putText(nameOf(known));
  }
  proxy_log(LOG_ERROR, start, arenaMark() - start);
  return false;
}

function complain(problem: string): bool {
  const start = arenaMark();
  putText("configuration: ");
  putText(problem);
  proxy_log(LOG_ERROR, start, arenaMark() - start);
  return false;
}
