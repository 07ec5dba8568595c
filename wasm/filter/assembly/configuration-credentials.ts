import { CredentialSource, configuration, FROM_AUTHORIZATION, FROM_COOKIE, FROM_HEADER } from "./configuration";
import {
  beginFields,
  complain,
  complainAbout,
  endFields,
  enter,
  isField,
  key,
  LIST_ELEMENT,
  leave,
  lowerAll,
  need,
  openArray,
  openObject,
  readShortText,
  readToken,
  text,
  wasSeen,
} from "./configuration-fields";
import { nextElement, nextMember, skipValue } from "./json-reader";
import { absentText, keepBytes } from "./kept-memory";
import { MAX_CREDENTIAL_SOURCES } from "./limits";

/** Reads the configured credential sources. */

export function readCredentials(): void {
  if (!openArray("credentials")) return;
  enter("credentials");
  let last: CredentialSource | null = null;
  let index: u32 = 0;
  for (; nextElement(); index++) {
    enter(LIST_ELEMENT, index);
    const source = changetype<CredentialSource>(keepBytes(offsetof<CredentialSource>()));
    if (changetype<usize>(source) == 0 || index == MAX_CREDENTIAL_SOURCES) {
      complain("is too much: at most 16 sources");
      return;
    }
    source.index = index;
    readCredential(source);
    if (last === null) configuration.credentials = source;
    else last.next = source;
    last = source;
    leave();
  }
  if (index == 0) complain("must name at least one source");
  leave();
}

function readCredential(source: CredentialSource): void {
  if (!openObject()) return;
  const outer = beginFields();
  source.name = absentText();
  while (nextMember(key)) {
    if (isField(key, "from", 0)) {
      if (!readShortText("from")) return;
      if (text.is("authorization")) source.from = FROM_AUTHORIZATION;
      else if (text.is("header")) source.from = FROM_HEADER;
      else if (text.is("cookie")) source.from = FROM_COOKIE;
      else complainAbout("from", "must be authorization, header or cookie");
    } else if (isField(key, "schemes", 1)) readSchemes(source);
    else if (isField(key, "name", 2)) source.name = readToken("name");
    else skipValue();
  }
  need("from", 0);
  if (source.from == FROM_AUTHORIZATION) {
    if (!wasSeen(1)) source.acceptsBearer = 1;
    configuration.challengeBearer |= source.acceptsBearer;
    configuration.challengeBasic |= source.acceptsBasic;
  } else {
    need("name", 2);
    if (source.from == FROM_HEADER) lowerAll(source.name);
  }
  endFields(outer);
}

function readSchemes(source: CredentialSource): void {
  if (!openArray("schemes")) return;
  while (nextElement()) {
    if (!readShortText("schemes")) return;
    if (text.isIgnoringCase("bearer")) source.acceptsBearer = 1;
    else if (text.isIgnoringCase("basic")) source.acceptsBasic = 1;
    else complainAbout("schemes", "must be a list of bearer and basic");
  }
  if (!source.acceptsBearer && !source.acceptsBasic) complainAbout("schemes", "must name bearer, basic or both");
}
