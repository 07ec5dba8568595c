import { expect, it } from "vitest";
import { prefersHtml } from "./accept.ts";

it.each([
  // Chromium, Firefox, Safari
  "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
  "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
  "text/html",
  "TEXT/HTML",
  "text/*",
  "application/json;q=0.4, text/html;q=0.5",
  "application/json ; q=0.1 , text/html ; level=1",
  "application/*;q=0.2,text/html;q=0.3",
  "text/html,application/json;q=nonsense",
])("%j gets HTML", (accept) => {
  expect(prefersHtml(accept)).toBe(true);
});

it.each([
  null,
  "",
  "*/*",
  "application/json",
  "application/json, text/html",
  "application/json, text/html;q=0.9",
  "text/html;q=0, */*",
  "text/html;q=0,text/*",
  "text/html;q=2",
  "text/html;q=-1",
  "text/html;q=",
  "text/html;q=0.0001",
  "texthtml",
  "text/html/x",
  ",,,;;;q=1",
  "application/xhtml+xml",
  `${"a/b,".repeat(500)}`,
  `text/html${",a/b".repeat(510)}`,
])("%j gets JSON", (accept) => {
  expect(prefersHtml(accept)).toBe(false);
});
