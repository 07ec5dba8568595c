import { HOST_LIMITS } from "./host-limits.ts";

/** Headers in order, repeated names as repeated entries, names in lower case. */
export type HeaderList = [name: string, value: string][];

/** Final values of a header (or pseudo header) that the guest changed. No values: the header is removed. */
export interface HeaderChange {
  readonly name: string;
  readonly values: string[];
}

/**
 * One header map as a guest sees and changes it. A flat list, searched linearly, since requests carry about twenty
 * headers. The embedder's list is copied on the guest's first write. All names are in lower case.
 */
export class HeaderTable {
  #entries: HeaderList;
  #copied = false;
  #bytes = 0;
  readonly #touched = new Set<string>();
  #touchedBytes = 0;

  constructor(entries: HeaderList) {
    this.#entries = entries;
  }

  get count(): number {
    return this.#entries.length;
  }

  /** Do not modify. */
  get entries(): Readonly<HeaderList> {
    return this.#entries;
  }

  /** See `joinedValue`. */
  get(name: string): string | undefined {
    return joinedValue(this.#entries, name);
  }

  /** Returns false and changes nothing if the map would exceed a limit. */
  add(name: string, value: string): boolean {
    this.#copy();
    if (!this.#admits(name, value, 0, 0) || !(this.#touched.has(name) || this.#admitsChange([name]))) return false;
    this.#touch(name);
    this.#push(name, value);
    return true;
  }

  /** Replaces all values of a header with one, at the position of the first. False if the map would exceed a limit. */
  replace(name: string, value: string): boolean {
    this.#copy();
    const entries = this.#entries;
    let first = 0;
    while (first < entries.length && entries[first]![0] !== name) first += 1;
    if (first === entries.length) return this.add(name, value);
    const old = entries[first]!;
    if (!this.#admits(name, value, 1, sizeOf(old[0], old[1]))) return false;
    this.#touch(name);
    this.#bytes += value.length - old[1].length;
    entries[first] = [name, value];
    this.#drop(name, first + 1);
    return true;
  }

  remove(name: string): void {
    if (!this.#entries.some((entry) => entry[0] === name)) return;
    this.#copy();
    this.#touch(name);
    this.#drop(name, 0);
  }

  /** Replaces the whole map. Only headers that differ afterwards count as changed. False as for `add`. */
  replaceAll(headers: HeaderList): boolean {
    const before = valuesByName(this.#entries);
    const after = valuesByName(headers);
    const names = new Set([...before.keys(), ...after.keys()]);
    const changed = [...names].filter((name) => !sameValues(before.get(name), after.get(name)));
    if (!this.#admitsChange(changed)) return false;
    for (const name of changed) this.#touch(name);
    this.#entries = headers;
    this.#copied = true;
    this.#bytes = bytesOf(headers);
    return true;
  }

  changes(): HeaderChange[] {
    const changes: HeaderChange[] = [];
    for (const name of this.#touched) {
      const values: string[] = [];
      for (const entry of this.#entries) if (entry[0] === name) values.push(entry[1]);
      changes.push({ name, values });
    }
    return changes;
  }

  #copy(): void {
    if (this.#copied) return;
    this.#copied = true;
    this.#entries = this.#entries.slice();
    this.#bytes = bytesOf(this.#entries);
  }

  #admits(name: string, value: string, replacedCount: number, replacedBytes: number): boolean {
    return (
      this.#entries.length - replacedCount < HOST_LIMITS.headersPerMap &&
      this.#bytes - replacedBytes + sizeOf(name, value) <= HOST_LIMITS.headerMapBytes
    );
  }

  #push(name: string, value: string): void {
    this.#entries.push([name, value]);
    this.#bytes += sizeOf(name, value);
  }

  #drop(name: string, from: number): void {
    const entries = this.#entries;
    let kept = from;
    for (let index = from; index < entries.length; index++) {
      const entry = entries[index]!;
      if (entry[0] === name) this.#bytes -= sizeOf(entry[0], entry[1]);
      else entries[kept++] = entry;
    }
    entries.length = kept;
  }

  /** Changes are reported by name, even for headers that were added and removed again, so the names are limited too. */
  #admitsChange(names: Iterable<string>): boolean {
    let count = this.#touched.size;
    let bytes = this.#touchedBytes;
    for (const name of names) {
      if (this.#touched.has(name)) continue;
      count += 1;
      bytes += name.length;
    }
    return count <= HOST_LIMITS.changedNamesPerMap && bytes <= HOST_LIMITS.changedNameBytes;
  }

  #touch(name: string): void {
    if (this.#touched.has(name)) return;
    this.#touched.add(name);
    this.#touchedBytes += name.length;
  }
}

/**
 * A header's value, or undefined if absent. Repeated headers are joined as in RFC 9110 (5.3), RFC 9113 (8.2.3, cookies)
 * and Workers. Envoy's host shows a filter only the first value, so a second one passes unseen.
 */
export function joinedValue(headers: Readonly<HeaderList>, name: string): string | undefined {
  let joined: string | undefined;
  for (let index = 0; index < headers.length; index++) {
    const entry = headers[index]!;
    // Lengths first: they rule out most names without a call into the engine's string comparison.
    if (entry[0].length !== name.length || entry[0] !== name) continue;
    joined = joined === undefined ? entry[1] : `${joined}${name === "cookie" ? "; " : ", "}${entry[1]}`;
  }
  return joined;
}

function sizeOf(name: string, value: string): number {
  return name.length + value.length;
}

function bytesOf(headers: Readonly<HeaderList>): number {
  let bytes = 0;
  for (const entry of headers) bytes += sizeOf(entry[0], entry[1]);
  return bytes;
}

function valuesByName(headers: Readonly<HeaderList>): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function sameValues(left: string[] | undefined, right: string[] | undefined): boolean {
  return left?.length === right?.length && (left ?? []).every((value, index) => value === right?.[index]);
}
