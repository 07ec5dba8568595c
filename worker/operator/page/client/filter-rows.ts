/**
 * Filters the services of the overview as one types, and moves through them by the arrow keys. `/` goes to the filter from
 * anywhere, Escape clears it.
 *
 * @returns a function to call when the rows are others than before
 */
export function startFilter(): () => void {
  const input = document.getElementById("filter");
  const body = document.getElementById("rows");
  const output = document.getElementById("matches");
  if (!(input instanceof HTMLInputElement) || body === null || output === null) return () => {};
  input.closest("label")!.hidden = false;
  let rows = rowsOf(body);
  const shown = () => rows.filter(({ row }) => !row.hidden);

  const filter = () => {
    const words = input.value.toLowerCase().split(/\s+/);
    for (const { row, text } of rows) row.hidden = !words.every((word) => text.includes(word));
    const count = shown().length;
    output.textContent = input.value === "" ? "" : `${count} of ${rows.length}`;
  };
  input.addEventListener("input", filter);
  // The browser may have kept a text from before.
  filter();

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/" && event.target !== input) {
      event.preventDefault();
      input.focus();
      input.select();
    } else if (event.key === "Escape" && event.target === input) {
      input.value = "";
      filter();
    } else if (event.key === "Enter" && event.target === input) {
      shown()[0]?.link.click();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const links = shown().map(({ link }) => link);
      const at = links.indexOf(event.target as HTMLAnchorElement);
      if (at < 0 && event.target !== input) return;
      event.preventDefault();
      const next = at + (event.key === "ArrowDown" ? 1 : -1);
      if (next < 0) input.focus();
      else links[Math.min(next, links.length - 1)]?.focus();
    }
  });
  return () => {
    rows = rowsOf(body);
    filter();
  };
}

function rowsOf(body: HTMLElement) {
  return [...body.querySelectorAll("tr")].map((row) => ({
    row,
    link: row.querySelector("a")!,
    text: (row.textContent ?? "").toLowerCase(),
  }));
}
