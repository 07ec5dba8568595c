/** A module built from sections. */
export function binary(...sections: number[][]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...sections.flat()]);
}

/** A memory section with its true length, below 128 bytes. */
export function memorySection(content: number[]): number[] {
  return [5, content.length, ...content];
}

export function customSection(name: string, content: number[] = []): number[] {
  return [0, 1 + name.length + content.length, name.length, ...new TextEncoder().encode(name), ...content];
}

/** A filter that lets everything pass, with this content of its memory section. */
export function idleFilter(memory: number[]): Uint8Array<ArrayBuffer> {
  const [NOTHING, ALLOCATOR, FUNCTION, MEMORY] = [0, 1, 0, 2];
  const functions: [string, number, number][] = [
    ["proxy_abi_version_0_2_1", FUNCTION, NOTHING],
    ["malloc", FUNCTION, ALLOCATOR],
  ];
  const exported = memory[0] === 0 ? functions : [...functions, ["memory", MEMORY, 0] as const];
  const exports = exported.flatMap(([name, kind, index]) => [
    name.length,
    ...new TextEncoder().encode(name),
    kind,
    index,
  ]);
  return binary(
    [1, 9, 2, 0x60, 0, 0, 0x60, 1, 0x7f, 1, 0x7f],
    [3, 3, 2, NOTHING, ALLOCATOR],
    memorySection(memory),
    [7, exports.length + 1, exported.length, ...exports],
    // `end`, and `i32.const 0, end`.
    [10, 9, 2, 2, 0, 0x0b, 4, 0, 0x41, 0, 0x0b],
  );
}
