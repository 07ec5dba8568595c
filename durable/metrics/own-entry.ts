/** The entry for a name that a configuration chose. It may be one that every object inherits, such as `toString`. */
export function ownEntry<Value>(entries: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(entries, name) ? entries[name] : undefined;
}
