import { arenaOverflowed } from "./arena";
import { configuration, PROTOCOL_INTROSPECTION } from "./configuration";
import { readCredentials } from "./configuration-credentials";
import {
  beginFields,
  beginReading,
  complain,
  complainAbout,
  endFields,
  enter,
  hasComplained,
  isField,
  key,
  leave,
  need,
  openObject,
  readFlag,
  readText,
  readWhole,
  text,
} from "./configuration-fields";
import { readProtocol } from "./configuration-protocol";
import { needsIntrospection, readRules } from "./configuration-rules";
import { beginJson, hexValue, jsonEnded, jsonFailed, nextMember, readString, skipValue } from "./json-reader";
import { MAX_TTL_MS } from "./limits";

/**
 * Reads the plugin configuration. The first error ends the reading: a log line names the field and the allowed values, and
 * the instance does not start. Unknown fields are skipped, so that a newer gateway can configure an older filter.
 */
export function readConfiguration(start: usize, size: usize): bool {
  beginReading();
  configuration.upstreamCount = 0;
  beginJson(start, size);
  readTop();
  if (!jsonEnded()) complain("must be valid JSON, an object");
  if (!hasComplained() && arenaOverflowed()) complain("is too large");
  return !hasComplained();
}

function readTop(): void {
  if (!openObject()) return;
  beginFields();
  while (nextMember(key)) {
    if (isField(key, "service", 0)) configuration.service = readText("service");
    else if (isField(key, "configVersion", 1)) configuration.configVersion = readText("configVersion");
    else if (isField(key, "digestKey", 2)) readDigestKey();
    else if (isField(key, "realm", 3)) configuration.realm = readText("realm", true);
    else if (isField(key, "credentials", 4)) readCredentials();
    else if (isField(key, "protocol", 5)) readProtocol();
    else if (isField(key, "cache", 6)) readCache();
    else if (isField(key, "rules", 7)) readRules();
    else if (isField(key, "failOpen", 8)) configuration.failOpen = readFlag("failOpen");
    else skipValue();
  }
  need("service", 0);
  need("configVersion", 1);
  need("digestKey", 2);
  need("realm", 3);
  need("credentials", 4);
  need("protocol", 5);
  need("cache", 6);
  if (!jsonFailed() && needsIntrospection() && configuration.protocol != PROTOCOL_INTROSPECTION) {
    complainAbout("claims", "is of introspection only");
  }
}

function readDigestKey(): void {
  const ok = readString(text) && text.size == 32;
  let low: u64 = 0;
  let high: u64 = 0;
  let valid = ok;
  for (let i: usize = 0; valid && i < 16; i++) {
    const first = hexValue(load<u8>(text.start + 2 * i));
    const second = hexValue(load<u8>(text.start + 2 * i + 1));
    if (first < 0 || second < 0) valid = false;
    const byte = <u64>((first << 4) | second);
    if (i < 8) low |= byte << (8 * i);
    else high |= byte << (8 * (i - 8));
  }
  if (!valid) {
    complainAbout("digestKey", "must be 32 hexadecimal digits");
    return;
  }
  configuration.digestKeyLow = low;
  configuration.digestKeyHigh = high;
}

function readCache(): void {
  enter("cache");
  configuration.obeyCacheControl = 1;
  if (!openObject()) return;
  const outer = beginFields();
  const ttl = "must be a whole number of milliseconds from 0 to 86400000";
  while (nextMember(key)) {
    if (isField(key, "maxTtlMs", 0)) configuration.maxTtlMs = readWhole("maxTtlMs", 0, MAX_TTL_MS, ttl);
    else if (isField(key, "denyTtlMs", 1)) configuration.denyTtlMs = readWhole("denyTtlMs", 0, MAX_TTL_MS, ttl);
    else if (isField(key, "obeyCacheControl", 4)) configuration.obeyCacheControl = readFlag("obeyCacheControl");
    else if (isField(key, "staleIfErrorMs", 2)) {
      configuration.staleIfErrorMs = readWhole("staleIfErrorMs", 0, MAX_TTL_MS, ttl);
    } else if (isField(key, "edgeTtlMs", 5)) {
      configuration.edgeTtlMs = readWhole("edgeTtlMs", 0, MAX_TTL_MS, ttl);
    } else if (isField(key, "maxBytes", 3)) {
      configuration.maxBytes = readWhole(
        "maxBytes",
        327680,
        4294967296,
        "must be a whole number of bytes from 327680 to 4294967296",
      );
    } else skipValue();
  }
  need("maxTtlMs", 0);
  need("denyTtlMs", 1);
  need("maxBytes", 3);
  endFields(outer);
  leave();
}
