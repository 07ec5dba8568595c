/** The next turn of the event loop: whoever has waited goes first. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
