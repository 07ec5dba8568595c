import { WINDOWS } from "./windows.ts";

/** @param current as the address has it */
export function WindowLinks({ hrefOf, current }: { hrefOf: (window: string) => string; current: string }) {
  return (
    <nav class="windows" aria-label="Window of time">
      {WINDOWS.map(({ text, label }) => (
        <a href={hrefOf(text)} {...(text === current ? { "aria-current": "true" as const } : {})}>
          {label}
        </a>
      ))}
    </nav>
  );
}
