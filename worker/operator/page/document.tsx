import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { SCRIPT, STYLE } from "./build/assets.ts";

/** A wave that ebbs. Without an icon of its own the page would make the browser ask a service for /favicon.ico. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' rx='7' fill='%230b5f63'/%3E%3Cpath d='M4 13q4-6 8 0t8 0 8 0' fill='none' stroke='%23fff' stroke-width='3' stroke-linecap='round'/%3E%3Cpath d='M6 21q3.5-4 7 0t7 0 6 0' fill='none' stroke='%2388d3cb' stroke-width='2.5' stroke-linecap='round'/%3E%3C/svg%3E";

export interface DocumentProps {
  readonly title: string;
  readonly prefix: string;
  /** What the page is about, after the name of the gateway. */
  readonly crumbs?: Child;
  /** To the right of it: windows, signing out. */
  readonly tools?: Child;
  readonly children?: Child;
}

/** The frame of every page. No inline script or style: the Content-Security-Policy forbids them. */
export function Document({ title, prefix, crumbs, tools, children }: DocumentProps) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <meta name="robots" content="noindex" />
          <title>{title}</title>
          <link rel="icon" href={ICON} />
          <link rel="stylesheet" href={`${prefix}/assets/${STYLE.name}`} />
          <script type="module" src={`${prefix}/assets/${SCRIPT.name}`} />
        </head>
        <body>
          <a class="skip" href="#main">
            Skip to the content
          </a>
          <header class="top">
            <nav class="crumbs" aria-label="Where you are">
              <a class="brand" href={prefix}>
                <svg viewBox="0 0 28 20" aria-hidden="true">
                  <path d="M2 7q4-6 8 0t8 0 8 0" />
                  <path class="ebbing" d="M4 14q3.5-4 7 0t7 0 6 0" />
                </svg>
                Ebb
              </a>
              {crumbs}
            </nav>
            <div class="tools">{tools}</div>
          </header>
          <main id="main">{children}</main>
        </body>
      </html>
    </>
  );
}
