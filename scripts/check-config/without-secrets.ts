/**
 * A text with the names of secrets in place of their values: a filter may log its configuration, or what it makes of it, and the log
 * of a build is read by many.
 * @param secrets values by name
 */
export function withoutSecrets(text: string, secrets: ReadonlyMap<string, string>): string {
  const forms = [...secrets].flatMap(([name, value]) => formsOf(value).map((form) => ({ name, form })));
  const longestFirst = forms.toSorted((a, b) => b.form.length - a.form.length);
  return longestFirst.reduce((shown, { name, form }) => shown.replaceAll(form, `(secret ${name})`), text);
}

/** Shorter parts of a secret, such as a brace, tell nothing, and would stand in other texts by chance. */
const MIN_PART_LENGTH = 8;

/** A secret as it is, as it stands in JSON and in URLs, in base64 and hexadecimal, and its lines, which are logged one by one. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const parts = [...secret.split(/[\r\n]+/), hex, hex.toUpperCase(), ...base64Of(bytes)];
  return [
    secret,
    JSON.stringify(secret).slice(1, -1),
    encodeURIComponent(secret.toWellFormed()),
    ...parts.filter((part) => part.length >= MIN_PART_LENGTH),
  ];
}

/**
 * In base64, also in the middle of a text, as in `Basic` credentials: the characters that only the secret determines, for each place
 * that it may have in a group of three bytes.
 */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64url");
    const core = encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return [core, core.replaceAll("-", "+").replaceAll("_", "/")];
  });
}
