import { ARGUMENTS_AT, Layout, LITERALS_AT, MAX_ARGUMENTS, Opcode } from "./protocol.ts";

/** One instruction for the puppet, in its encoded form. */
export type Instruction = Uint8Array<ArrayBuffer>;

/** Arguments are 32-bit numbers (bigint: 64-bit), or bytes, passed as address and size. */
export type RawArgument = number | bigint | Uint8Array;

const operands = (opcode: number, ...values: readonly number[]): Instruction => {
  const bytes = new Uint8Array(4 + 4 * values.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, opcode, true);
  values.forEach((value, index) => {
    view.setUint32(4 + 4 * index, value, true);
  });
  return bytes;
};

export const returnValue = (value: number): Instruction => operands(Opcode.RETURN, value);
export const read = (address: number, size: number): Instruction => operands(Opcode.READ, address, size);
export const fill = (address: number, size: number, byte: number): Instruction =>
  operands(Opcode.FILL, address, size, byte);
export const grow = (pages: number): Instruction => operands(Opcode.GROW, pages);
export const allocate = (size: number): Instruction => operands(Opcode.ALLOCATE, size);
export const setAllocator = (mode: number): Instruction => operands(Opcode.ALLOCATOR, mode);
export const trap = (): Instruction => operands(Opcode.TRAP);
export const exhaustStack = (): Instruction => operands(Opcode.EXHAUST_STACK);
export const exit = (code: number): Instruction => operands(Opcode.EXIT, code);

export function write(address: number, bytes: Uint8Array): Instruction {
  return concatenated(operands(Opcode.WRITE, address, bytes.length), bytes);
}

/** @param depth number of calls into the guest around this one: literals lie behind the instruction */
export function call(functionIndex: number, args: readonly RawArgument[], depth: number): Instruction {
  const head = new Uint8Array(LITERALS_AT);
  const view = new DataView(head.buffer);
  view.setUint32(0, Opcode.CALL, true);
  view.setUint32(4, functionIndex, true);
  const literals: Uint8Array[] = [];
  let literalAt = Layout.INSTRUCTION + depth * Layout.INSTRUCTION_BYTES + LITERALS_AT;
  let slot = 0;
  const push = (value: bigint): void => {
    if (slot >= MAX_ARGUMENTS) throw new Error("too many arguments for the puppet");
    view.setBigInt64(ARGUMENTS_AT + 8 * slot++, BigInt.asIntN(64, value), true);
  };
  for (const arg of args) {
    if (!(arg instanceof Uint8Array)) {
      push(BigInt(arg));
      continue;
    }
    push(BigInt(literalAt));
    push(BigInt(arg.length));
    literals.push(arg);
    literalAt += arg.length;
  }
  return concatenated(head, ...literals);
}

function concatenated(...parts: readonly Uint8Array[]): Instruction {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  if (bytes.length > Layout.INSTRUCTION_BYTES) throw new Error(`an instruction of ${bytes.length} bytes`);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
