/** A table before it is rendered as text or HTML. Averages stand in rows of their own below a line. */
export interface TableData {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
  readonly averages: readonly (readonly string[])[];
  readonly note?: string;
}

export interface Column {
  /** Heading above neighbouring columns of the same group; "" for none. */
  readonly group: string;
  readonly title: string;
  /** Names are aligned left, numbers right, so that digits line up. */
  readonly align: "left" | "right";
}

/** Columns of numbers under one group heading. */
export function numbers(group: string, ...titles: readonly string[]): Column[] {
  return titles.map((title) => ({ group, title, align: "right" }));
}

export function names(...titles: readonly string[]): Column[] {
  return titles.map((title) => ({ group: "", title, align: "left" }));
}

/** Runs of neighbouring columns with the same group, with the index of the first. */
export function columnGroups(columns: readonly Column[]): { title: string; first: number; count: number }[] {
  const groups: { title: string; first: number; count: number }[] = [];
  for (const [index, { group }] of columns.entries()) {
    const last = groups.at(-1);
    if (last && last.title === group) last.count += 1;
    else groups.push({ title: group, first: index, count: 1 });
  }
  return groups;
}
