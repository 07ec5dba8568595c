import { introspectedSubject, isDecidedInWorker } from "./authorization-parts.ts";
import { keyedHeadersOf } from "./decision-key.ts";
import type { Credential, FixedHeaders, ServerAuthorization, SubjectSource } from "./gateway.ts";
import { PARTIAL_BODY_HEADER } from "./header-names.ts";
import { describeFound, type Finding } from "./problems.ts";
import type { ParsedService } from "./schema/service.ts";

/** A fixed header must be the only one of its name in the call: servers differ in which of two they read. */
export function checkFixedHeaders({ authorization, credentials = [] }: ParsedService): Finding[] {
  if (authorization === undefined || isDecidedInWorker(authorization)) return [];
  const subject = introspectedSubject(authorization);
  return [
    ...conflicts(authorization.headers, setByCall(authorization, credentials), ["authorization", "headers"]),
    ...(subject === undefined
      ? []
      : conflicts(subject.headers, setByIntrospection(subject), ["authorization", "subject", "headers"])),
  ];
}

function conflicts(headers: FixedHeaders, set: readonly string[], path: readonly string[]): Finding[] {
  return Object.keys(headers)
    .filter((name) => set.includes(name))
    .map((name) => ({
      path: [...path, name],
      found: describeFound(name),
      allowed: "another header, because the gateway itself sets this one in the call",
    }));
}

function setByCall(authorization: ServerAuthorization, credentials: readonly Credential[]): string[] {
  switch (authorization.protocol) {
    case "introspection":
      return setByIntrospection(authorization);
    case "authzen":
    case "opa":
      return ["content-type", "accept"];
    case "forward-auth":
      return [
        "accept-encoding",
        ...["method", "uri", "host", "proto", "for"].map((part) => `x-forwarded-${part}`),
        ...keyedHeadersOf(authorization),
        PARTIAL_BODY_HEADER,
        "authorization",
        ...credentials.flatMap((credential) =>
          credential.from === "header" ? [credential.name] : credential.from === "cookie" ? ["cookie"] : [],
        ),
      ];
  }
}

function setByIntrospection({ clientAuthentication }: Pick<SubjectSource, "clientAuthentication">): string[] {
  const isHeader = clientAuthentication.type === "basic" || clientAuthentication.type === "bearer";
  return ["content-type", "accept", ...(isHeader ? ["authorization"] : [])];
}
