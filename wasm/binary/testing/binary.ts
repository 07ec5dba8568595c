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
