import type { StartOptions } from "./options.ts";

/** First things to try, as lines to copy into a second terminal. */
export function welcome({ port, fast }: StartOptions): string {
  const origin = `http://localhost:${port}`;
  const traffic = port === 8787 ? "npm run traffic" : `PORT=${port} npm run traffic`;
  return `
Ebb answers on ${origin}, with a demo authorization server and upstream.

  allowed           curl -i -H 'Authorization: Bearer demo-alice' ${origin}/orders/1
  denied            curl -i -H 'Authorization: Bearer demo-revoked-bob' ${origin}/orders/1
  unauthenticated   curl -i ${origin}/orders/1
  stats             ${origin}/stats
  load              ${traffic}

${
  fast
    ? "Decisions live 20 s and an instance collects for 30 s: with load, memory rises and is freed within minutes."
    : "The first restart waits until the TTL is known, 15 minutes at most (collectMs in gateway.config.ts).\nTo watch a restart within minutes: npm start -- --fast"
}
Ctrl-C stops it.
`;
}
