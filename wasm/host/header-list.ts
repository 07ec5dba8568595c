/** Headers in order, repeated names as repeated entries, names in lower case. */
export type HeaderList = [name: string, value: string][];
