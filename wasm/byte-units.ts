/** Linear memory grows by pages of this size (WebAssembly core specification, 4.2.8). */
export const PAGE_BYTES = 65_536;
export const MIB = 1_048_576;
