/** The `errno` values of WASI preview 1 used here. */
export const Errno = {
  SUCCESS: 0,
  BADF: 8,
  FAULT: 21,
  INVAL: 28,
  NOENT: 44,
  NOSYS: 52,
  NOTSUP: 58,
  SPIPE: 70,
} as const;
export type Errno = (typeof Errno)[keyof typeof Errno];
