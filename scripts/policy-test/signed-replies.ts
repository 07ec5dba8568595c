import { introspectionOf } from "../../config/authorization-parts.ts";
import type { Authorization } from "../../config/gateway.ts";
import type { Issuer } from "../../config/index.ts";
import type { Answered } from "./authorization-server.ts";
import type { TokenIssuers } from "./token-issuers.ts";

/** The issuer that signs the introspection replies of a service (RFC 9701), as one that issues tokens of another kind. */
export function replyIssuer(authorization: Authorization): Issuer | undefined {
  const introspection = introspectionOf(authorization);
  const expected = introspection?.signedReplies;
  return expected && { ...expected, audience: "any", typ: "token-introspection+jwt" };
}

/** An introspection reply, signed if the service accepts no other. */
export async function asExpected(
  answered: Answered,
  authorization: Authorization,
  issuers: TokenIssuers,
): Promise<Answered> {
  const issuer = replyIssuer(authorization);
  const { reply, note } = answered;
  if (issuer === undefined || typeof reply === "string") return answered;
  const state = JSON.parse(String(reply.body));
  const body = await issuers.token(
    issuer,
    { aud: audienceOf(authorization, issuers), token_introspection: state },
    true,
  );
  const headers = { "content-type": "application/token-introspection+jwt" };
  return { reply: { status: 200, headers, body }, note };
}

function audienceOf(authorization: Authorization, issuers: TokenIssuers): string {
  const introspection = introspectionOf(authorization);
  const client = introspection?.clientAuthentication;
  const id = introspection?.signedReplies?.audience ?? (client !== undefined && "id" in client ? client.id : "");
  return typeof id === "string" ? id : issuers.secretNamed(id.secret);
}
