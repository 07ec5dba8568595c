/** Headers that say who a client is, or what it may do, as far as their names show. A decision may depend on each of them. */

/** Also inside longer words: `x-authtoken`, `apikey`. */
const ANYWHERE =
  /auth|token|secret|passw|credential|cookie|session|jwt|api-?key|assertion|signature|csrf|xsrf|ident|saml|oidc|dpop|bearer/;

/** As a whole word between `-`. */
const WORDS: ReadonlySet<string> = new Set([
  ...["access", "account", "accountid", "actor", "address", "admin", "appid", "appkey", "cert", "certificate"],
  ...[
    "behalf",
    "claim",
    "claims",
    "clientid",
    "customer",
    "device",
    "email",
    "fingerprint",
    "forwarded",
    "group",
    "groups",
  ],
  ...["host", "impersonate", "ip", "key", "keyid", "login", "mail", "member", "method", "mtls", "nonce"],
  ...["org", "organisation", "organization", "origin", "otp", "owner", "path", "permission", "permissions", "pin"],
  ...["principal", "project", "query", "referer", "referrer", "role", "roles", "scope", "scopes", "sec", "sid"],
  ...["sub", "subject", "sudo", "team", "tenant", "tenantid", "tls", "uid", "uri", "url", "user", "userid"],
  ...["username", "workspace"],
]);

/** Cloudflare reports in these where the client is and by what it came. */
const BY_CLOUDFLARE = /^cf-(?!ray$)/;

/** Words that mean something else together. */
const HARMLESS = /^user-agent$|(?:request|correlation|trace|span)-?id$/;

/** @param name in lower case */
export function isIdentifyingHeader(name: string): boolean {
  if (ANYWHERE.test(name) || BY_CLOUDFLARE.test(name)) return true;
  if (/(?:client|app)-?(?:id|cert)/.test(name)) return true;
  return !HARMLESS.test(name) && name.split("-").some((word) => WORDS.has(word));
}
