import { randomUUID } from "node:crypto";
import { sendRequest } from "../../test/security/raw-client.ts";
import type { Dependencies } from "./ordinary.ts";

interface Attack {
  readonly kind: string;
  readonly method?: string;
  readonly target: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  /** Right statuses. The request must not reach the upstream, except with the method `servedAs`. */
  readonly right: readonly number[];
  readonly servedAs?: string;
}

const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
  "Sec-WebSocket-Version: 13",
];

/** A smuggled request, which must never be served. It has no id, so the upstream would count it as a stranger. */
const HIDDEN = "GET /forward/hidden HTTP/1.1\r\nHost: a\r\n\r\n";

/** Unauthorized requests, each with another trick. `n` varies what is sent. */
const ATTACKS: readonly ((n: number) => Attack)[] = [
  (n) => ({ kind: "upgrade", method: "POST", target: `/forward/${n}`, headers: UPGRADE, right: [401] }),
  (n) => ({
    kind: "preflight-upgrade",
    method: "OPTIONS",
    target: `/forward/${n}`,
    headers: [...UPGRADE, "Origin: https://a.example", "Access-Control-Request-Method: GET"],
    right: [401],
  }),
  (n) => ({
    kind: "spelling",
    target: ["/Forward/1", "/forward;x/1", "/forward%20/1", "/FORWARD.json", "/introspection./1"][n % 5]!,
    right: [400],
  }),
  (n) => ({
    kind: "path",
    target: ["/site/../forward/1", "/site/%2e%2e/forward/1", "//forward/1", "/site/%2fforward"][n % 4]!,
    right: [400],
  }),
  (n) => ({
    kind: "credential",
    target: `/forward/${n}`,
    headers: ["Authorization: Bearer a", "Authorization: Bearer token-1"],
    right: [401],
  }),
  (n) => ({
    kind: "identity",
    target: `/opa/${n}`,
    headers: ["X-User: root", "X-Forwarded-User: root", "X-Original-URL: /opa/public"],
    right: [401],
  }),
  (n) => ({
    kind: "body",
    target: `/forward/${n}`,
    headers: ["Authorization: Bearer token-1", "Content-Length: 4"],
    body: "body",
    right: [400],
  }),
  (n) => ({
    kind: "large",
    target: `/forward/${n}`,
    headers: [`Authorization: Bearer ${"x".repeat(70_000)}`],
    right: [431],
  }),
  (n) => ({ kind: "method", method: "TRACE", target: `/forward/${n}`, right: [405, 501] }),
  (n) => ({
    kind: "lengths",
    method: "POST",
    target: `/site/${n}`,
    headers: ["Content-Length: 0", "Transfer-Encoding: chunked"],
    body: `0\r\n\r\n${HIDDEN}`,
    right: [200, 502],
    servedAs: "POST",
  }),
  (n) => ({
    kind: "two-lengths",
    method: "POST",
    target: `/site/${n}`,
    headers: ["Content-Length: 0", `Content-Length: ${HIDDEN.length}`],
    body: HIDDEN,
    right: [400],
  }),
  (n) => ({
    kind: "blank-before-colon",
    method: "POST",
    target: `/site/${n}`,
    headers: ["Transfer-Encoding : chunked"],
    body: `0\r\n\r\n${HIDDEN}`,
    right: [400],
  }),
  (n) => ({
    kind: "behind-a-body",
    method: "POST",
    target: `/site/${n}`,
    headers: [`Content-Length: ${HIDDEN.length}`],
    body: HIDDEN,
    right: [200, 502],
    servedAs: "POST",
  }),
  (n) => ({
    kind: "named-by-connection",
    target: `/forward/${n}`,
    headers: ["Connection: close, authorization, cookie", "Authorization: Bearer token-1"],
    // The gateway must treat the credential as missing.
    right: [401],
  }),
  (n) => ({
    kind: "file-suffix",
    target: [`/forward/public.json`, `/forward/public%00`, `/forward/public%3f`, `/forward/public;x`][n % 4]!,
    right: [400, 401],
  }),
  () => ({
    kind: "operator",
    method: "POST",
    target: "/stats/purge",
    headers: [`Host: evil.example`, "Content-Length: 2"],
    body: "{}",
    right: [403],
  }),
];

/** Sends one request that must not get through. */
export async function attack({ port, random, upstream, tally, nowMs }: Dependencies): Promise<void> {
  const { kind, right, servedAs, ...request } = random.pick(ATTACKS)(random.below(1_000));
  const id = randomUUID();
  const response = await sendRequest(port, {
    ...request,
    headers: [...(request.headers ?? []), `X-Soak-Id: ${id}`],
  }).catch(() => undefined);
  const served = upstream.take(id);
  const status = response?.status ?? 0;
  tally.answered(`hostile ${kind}`, status);
  const wrong = (what: string) =>
    tally.wrong(`hostile ${kind}`, nowMs(), `${request.method ?? "GET"} ${request.target}: ${what}`);
  if (!right.includes(status)) wrong(`${status}, right are ${right.join(", ")}`);
  for (const seen of served) if (seen.method !== servedAs) wrong(`served as ${seen.method} ${seen.target}`);
}

/** Sends many unknown tokens from one address group at once: none may get in, and other clients must not be refused. */
export async function flood({ port, random, upstream, tally, nowMs }: Dependencies): Promise<void> {
  const address = `2001:db8:${random.below(9).toString(16)}::`;
  const all = Array.from({ length: 60 }, async () => {
    const id = randomUUID();
    const headers = [
      `Authorization: Bearer junk-${id}`,
      `CF-Connecting-IP: ${address}${random.below(9_000).toString(16)}`,
      `X-Soak-Id: ${id}`,
    ];
    const response = await sendRequest(port, { target: "/forward/1", headers }).catch(() => undefined);
    tally.answered("flood", response?.status ?? 0);
    if (upstream.take(id).length > 0) tally.wrong("flood", nowMs(), "an unknown token was served");
    if (response !== undefined && ![403, 429, 503].includes(response.status)) {
      tally.wrong("flood", nowMs(), `an unknown token got ${response.status}`);
    }
  });
  await Promise.all(all);
}
