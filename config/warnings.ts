import type { Gateway, Rule, Service } from "./gateway.ts";
import { openedNeighbours } from "./opened-neighbours.ts";
import { patternCovers, patternsOverlap, shareMethod } from "./route-pattern.ts";

/** What is allowed and seldom meant, a sentence each. Nothing is refused for it. */
export function warningsOf(gateway: Gateway): string[] {
  return [...gateway.services.flatMap(ofService), ...openedNeighbours(gateway.services), ...ofMemory(gateway)];
}

function ofService(service: Service): string[] {
  const { name, upstream, clusters } = service;
  const urls = [
    ...("url" in upstream ? [["upstream", upstream.url] as const] : []),
    ...Object.entries(clusters).flatMap(([cluster, server]) =>
      "url" in server ? [[`clusters.${cluster}`, server.url] as const] : [],
    ),
  ];
  const plain = urls
    .filter(([, url]) => url.startsWith("http://") && !isThisMachine(new URL(url).hostname))
    .map(
      ([field, url]) =>
        `services.${name}.${field}: ${url} is not encrypted: whoever is on the way reads and changes it`,
    );
  return [...plain, ...cutByPublicRules(service)];
}

function isThisMachine(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost") || host === "[::1]" || /^127\./.test(host);
}

/** The first match wins, so a public rule opens what it shares with a later one. */
function cutByPublicRules({ name, rules }: Service): string[] {
  return rules.flatMap((open, index) =>
    open.access.kind !== "public"
      ? []
      : rules
          .slice(index + 1)
          .flatMap((rule, after) =>
            rule.access.kind === "public" ||
            !shareMethod(open.methods, rule.methods) ||
            !patternsOverlap(open.pattern, rule.pattern) ||
            isException(open, rule)
              ? []
              : [
                  `services.${name}.rules[${index}]: the public path ${open.path} comes before rules[${index + 1 + after}] (${rule.path}) and opens what both match`,
                ],
          ),
  );
}

/** A public rule that names a place within what the later rule restricts is meant so: `/health` before `/*`. */
function isException(open: Rule, rule: Rule): boolean {
  return !open.pattern.segments.includes(null) && patternCovers(rule.pattern, open.pattern);
}

/** The caches of an isolate can fill at the same time. */
function ofMemory({ services, memory }: Gateway): string[] {
  const bytes = services.map(({ filterKind }) => (filterKind.kind === "built-in" ? filterKind.cache.maxBytes : 0));
  const total = bytes.reduce((sum, size) => sum + size, 0);
  if (total <= memory.highBytes) return [];
  return [
    `services: their caches (cache.maxBytes) may take ${total} bytes together, more than memory.highBytes (${memory.highBytes}): once they do, services are restarted for memory`,
  ];
}
