import { indexOfByte, Span } from "./span";

/** HTTP-date (RFC 9110, 5.6.7) in its three forms: IMF-fixdate, RFC 850 and asctime. */

/** Not a date. Dates before 1970 do not matter here and count as invalid too. */
export const NO_DATE_MS: u64 = u64.MAX_VALUE;

const MS_PER_DAY: i64 = 86400000;
/** RFC 850 years have two digits. A year further ahead than this belongs to the previous century. */
const MAX_YEARS_AHEAD: i64 = 50;

const MONTHS: string = "JanFebMarAprMayJunJulAugSepOctNovDec";

let at: usize = 0;
let end: usize = 0;
let failed: bool = false;

/**
 * The time in milliseconds since 1970, or NO_DATE_MS. The day name is not checked against the date.
 * @param nowMs determines the century of an RFC 850 date
 */
export function parseHttpDate(text: Span, nowMs: u64): u64 {
  const comma = indexOfByte(text.start, text.end, 0x2c);
  at = text.start;
  end = text.end;
  failed = false;
  if (comma == end) return parseAsctime();
  at = comma + 1;
  expect(0x20);
  const day = digits(2);
  const isRfc850 = at < end && load<u8>(at) == 0x2d;
  const separator: u8 = isRfc850 ? 0x2d : 0x20;
  expect(separator);
  const month = monthIndex();
  expect(separator);
  const year = isRfc850 ? fullYear(digits(2), nowMs) : digits(4);
  expect(0x20);
  const time = timeOfDay();
  expect(0x20);
  expect(0x47);
  expect(0x4d);
  expect(0x54);
  return instant(year, month, day, time);
}

/** `Sun Nov  6 08:49:37 1994` */
function parseAsctime(): u64 {
  at += 3;
  expect(0x20);
  const month = monthIndex();
  expect(0x20);
  const isPadded = at < end && load<u8>(at) == 0x20;
  if (isPadded) at++;
  const day = digits(isPadded ? 1 : 2);
  expect(0x20);
  const time = timeOfDay();
  expect(0x20);
  return instant(digits(4), month, day, time);
}

function expect(byte: u8): void {
  if (at >= end || load<u8>(at) != byte) failed = true;
  at++;
}

function digits(count: i32): i64 {
  let value: i64 = 0;
  for (let i = 0; i < count; i++, at++) {
    const byte = at < end ? load<u8>(at) : 0;
    if (byte < 0x30 || byte > 0x39) failed = true;
    value = value * 10 + <i64>(byte - 0x30);
  }
  return value;
}

/** The month from 0, read from its three-letter English name. */
function monthIndex(): i64 {
  const letters = changetype<usize>(MONTHS);
  const start = at;
  at += 3;
  if (at > end) return fail();
  for (let month: usize = 0; month < 12; month++) {
    const name = letters + month * 6;
    if (
      load<u8>(start) == load<u8>(name) &&
      load<u8>(start + 1) == load<u8>(name + 2) &&
      load<u8>(start + 2) == load<u8>(name + 4)
    )
      return <i64>month;
  }
  return fail();
}

/** Milliseconds since midnight. A leap second counts as the second before it. */
function timeOfDay(): i64 {
  const hour = digits(2);
  expect(0x3a);
  const minute = digits(2);
  expect(0x3a);
  const second = digits(2);
  if (hour > 23 || minute > 59 || second > 60) return fail();
  return ((hour * 60 + minute) * 60 + min<i64>(second, 59)) * 1000;
}

function fullYear(twoDigits: i64, nowMs: u64): i64 {
  const thisYear = 1970 + <i64>(nowMs / 31556952000);
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + MAX_YEARS_AHEAD ? year - 100 : year;
}

function fail(): i64 {
  failed = true;
  return 0;
}

function instant(year: i64, month: i64, day: i64, timeMs: i64): u64 {
  if (failed || at != end || year < 1970 || day < 1 || day > daysOf(year, month)) return NO_DATE_MS;
  return <u64>(daysSince1970(year, month, day) * MS_PER_DAY + timeMs);
}

function daysOf(year: i64, month: i64): i64 {
  if (month == 1) return isLeap(year) ? 29 : 28;
  return month == 3 || month == 5 || month == 8 || month == 10 ? 30 : 31;
}

function isLeap(year: i64): bool {
  return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/** Proleptic Gregorian calendar, years counted from March (Howard Hinnant, "days_from_civil"). */
function daysSince1970(year: i64, month: i64, day: i64): i64 {
  const marchYear = month < 2 ? year - 1 : year;
  const era = marchYear / 400;
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = (153 * ((month + 10) % 12) + 2) / 5 + day - 1;
  const dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
  return era * 146097 + dayOfEra - 719468;
}
