/** @param isDevelopment whether secrets come from `.dev.vars`, as under `npm start` and `wrangler dev` */
export function howToSetSecret(name: string, isDevelopment: boolean): string {
  return isDevelopment
    ? `add a line ${name}="…" to .dev.vars, or deploy it with wrangler secret put ${name}`
    : `wrangler secret put ${name}`;
}
