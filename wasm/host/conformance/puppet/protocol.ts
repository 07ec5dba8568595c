/**
 * The protocol between the puppet (a guest without its own logic) and its director (a test's script). In every callback
 * the puppet reports the callback, then carries out instructions until RETURN. Guest and test share only the ABI, so both
 * directions use functions that end at the embedder: reports are names of clusters that do not exist (`proxy_http_call`),
 * instructions are "random" bytes (`random_get`). Neither uses up a limited resource, and both work in every callback.
 */

/** First character of a report: a callback began; an instruction was carried out. Bytes follow in hexadecimal. */
export const ENTERED = "puppet>";
export const CARRIED_OUT = "puppet<";

/** First u32 of an instruction; the others are its operands. */
export const Opcode = {
  /** value: the callback's result */
  RETURN: 0,
  /** function, then arguments as i64; report: u32 result, then the bytes at OUT */
  CALL: 1,
  /** address, size, bytes */
  WRITE: 2,
  /** address, size; report: the bytes */
  READ: 3,
  /** address, size, byte */
  FILL: 4,
  /** pages; report: u32 previous pages */
  GROW: 5,
  /** size; report: u32 address. Always works, whatever the allocator's mode */
  ALLOCATE: 6,
  /** mode: see AllocatorMode */
  ALLOCATOR: 7,
  TRAP: 8,
  /** Calls itself until the stack overflows. */
  EXHAUST_STACK: 9,
  /** code: `proc_exit` */
  EXIT: 10,
} as const;

/** The behaviour of the exported allocator from then on. */
export const AllocatorMode = {
  NORMAL: 0,
  /** Returns 0. */
  FAIL: 1,
  /** Grows the memory by a page first, which detaches all its views. */
  GROW: 2,
  /** Returns the second-to-last address of memory. */
  OUTSIDE: 3,
  TRAP: 4,
  /** Runs a script as a callback before it allocates. */
  SCRIPTED: 5,
} as const;
export type AllocatorMode = (typeof AllocatorMode)[keyof typeof AllocatorMode];

export const MAX_ARGUMENTS = 12;
/** Offset of an instruction's arguments; its literals follow. */
export const ARGUMENTS_AT = 8;
export const LITERALS_AT = ARGUMENTS_AT + 8 * MAX_ARGUMENTS;

/** The puppet's memory. Calls nest (the allocator's inside another), so each depth has its own areas. */
export const Layout = {
  /** Target of an ignored id. */
  SCRATCH: 0x40,
  INSTRUCTION_SIZE: 0x48,
  /** u32 count, then u32 size and u32 address of each allocation the host made. */
  ALLOCATIONS: 0x1000,
  MAX_ALLOCATIONS: 256,
  /** Result of a call (u32), right before its out parameters. */
  OUT: 0x2000,
  OUT_BYTES: 64,
  REPORT: 0x1_0000,
  REPORT_BYTES: 0x1_0000,
  INSTRUCTION: 0x2_0000,
  INSTRUCTION_BYTES: 0x1_0000,
  HEAP: 0x6_0000,
  /** Maximum nesting of calls into the guest. */
  DEPTH: 4,
  PAGES: 7,
} as const;

/** OUT is filled with this before each call, to detect what a host function has not written. */
export const UNTOUCHED_BYTE = 0xa5;
export const UNTOUCHED = 0xa5a5_a5a5;

/** Maximum bytes of one report, two characters each. */
export const MAX_REPORT_BYTES = (Layout.REPORT_BYTES - 16) / 2;
