/** Headers in order. Repeated names are repeated entries; names are in lower case. */
export type HeaderList = [name: string, value: string][];
