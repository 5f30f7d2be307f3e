import { AddressError, DurationError, formatAddress, parseAddress, parseDuration } from '@fairlead/api';
import type { Address } from '@fairlead/api';

declare const checked: unique symbol;

/**
 * Text that a template may print into a router's configuration: it has passed one of the checks below, so it holds
 * nothing that could end a statement, a string or a comment there. The type cannot be made in another way, and so a
 * view model cannot hold a string that nobody looked at.
 */
export type Printable = string & { readonly [checked]: true };

/** A value that must not reach a template. The message says what the value may be; it never repeats a secret. */
export class ValueError extends Error {
  override readonly name = 'ValueError';
}

/** Nothing: prints nothing, and `{{#if}}` takes it for absent. */
export const NOTHING = '' as Printable;
/** What `{{#if}}` takes for true where a view model says yes or no. */
export const YES = 'yes' as Printable;

function matching(text: string, pattern: RegExp, allowed: string): Printable {
  if (!pattern.test(text)) {
    throw new ValueError(`${JSON.stringify(text)} is not allowed; write ${allowed}`);
  }
  return text as Printable;
}

/** One of a few words, in the word that templates know it by. */
export function oneOf<W extends string>(word: W, words: Readonly<Record<W, string>>): Printable {
  if (!Object.hasOwn(words, word)) {
    throw new ValueError(`${JSON.stringify(word)} is not allowed; write ${Object.keys(words).join(' or ')}`);
  }
  return words[word] as Printable;
}

/** A whole number within bounds, in decimal digits. */
export function wholeNumber(value: number, { minimum, maximum }: { minimum: number; maximum: number }): Printable {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new ValueError(`${value} is not allowed; write a whole number from ${minimum} to ${maximum}`);
  }
  return String(value) as Printable;
}

/** An AS number (RFC 6793), less 0 and the last one, which are reserved (RFC 7300). */
export function asNumber(value: number): Printable {
  return wholeNumber(value, { minimum: 1, maximum: 4_294_967_294 });
}

/** A TCP port. */
export function port(value: number): Printable {
  return wholeNumber(value, { minimum: 1, maximum: 65_535 });
}

/** An address of either family in canonical text. */
export function address(text: string): { readonly value: Address; readonly text: Printable } {
  try {
    const value = parseAddress(text);
    return { value, text: addressText(value) };
  } catch (error) {
    if (error instanceof AddressError) {
      throw new ValueError(error.message, { cause: error });
    }
    throw error;
  }
}

/** Canonical text of an address: digits, letters a to f, dots and colons. */
export function addressText(value: Address): Printable {
  return formatAddress(value) as Printable;
}

/** A router ID: 32 bits written like an IPv4 address, not 0.0.0.0 (RFC 6286). */
export function routerID(text: string): Printable {
  const { value, text: canonical } = address(text);
  if (value.family !== 'IPv4' || value.value === 0n) {
    throw new ValueError(
      `${JSON.stringify(text)} is not a router ID; write it like an IPv4 address, such as 192.0.2.1`,
    );
  }
  return canonical;
}

/** Name of an interface: what the kernel allows (IFNAMSIZ, 15 characters) less what would need care in a string. */
export function interfaceName(text: string): Printable {
  return matching(
    text,
    /^[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}$/,
    'the name of an interface, such as eth0: up to 15 letters, digits, dots, dashes, underscores and @',
  );
}

/** Name of an object of Kubernetes (RFC 1123 subdomain), such as a node's or a group's. */
export function objectName(text: string): Printable {
  return matching(
    text,
    /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    'a name of small letters, digits, dots and dashes, at most 253',
  );
}

/** Name of a neighbor as users write it. */
export function neighborName(text: string): Printable {
  return matching(
    text,
    /^[A-Za-z][A-Za-z0-9_-]{0,31}$/,
    'a name of up to 32 letters, digits, dashes and underscores that starts with a letter',
  );
}

/** A name in BIRD's language that needs no quotes: at most 64 characters (SYM_MAX_LEN of BIRD's conf/conf.h). */
export function birdSymbol(text: string): Printable {
  return matching(text, /^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'a name of letters, digits and underscores');
}

/** Highest number of bytes in a TCP MD5 key: TCP_MD5SIG_MAXKEYLEN of the kernel's include/uapi/linux/tcp.h. */
const PASSWORD_LENGTH = 80;

/**
 * A password for a quoted string in BIRD and FRR. BIRD's strings know no escapes, so a double quote cannot be written
 * there; FRR ends the word at a space. The sentence of the error never repeats the password.
 */
export function password(text: string): Printable {
  if (!/^[\x21\x23-\x7e]+$/.test(text) || text.length > PASSWORD_LENGTH) {
    throw new ValueError(
      `the password is not allowed; write 1 to ${PASSWORD_LENGTH} printable ASCII characters without spaces and double quotes`,
    );
  }
  return text as Printable;
}

/** Text of a variable for users' own templates: any, but without control characters. */
export function variableText(text: string): Printable {
  return matching(text, /^[^\p{Cc}\p{Zl}\p{Zp}]*$/u, 'text without newlines and other control characters');
}

/** Name of a variable for users' own templates. */
export function variableName(text: string): Printable {
  return matching(text, /^[A-Za-z_][A-Za-z0-9_]{0,62}$/, 'a name of letters, digits and underscores');
}

/** A duration in whole milliseconds. */
export function milliseconds(text: string, bounds: { minimum: number; maximum: number }): Printable {
  return wholeNumber(readDuration(text), bounds);
}

/** A duration in whole seconds, which is all that BGP can say on the wire (RFC 4271, 4.2); a fraction counts up. */
export function seconds(text: string, bounds: { minimum: number; maximum: number }): Printable {
  return wholeNumber(Math.ceil(readDuration(text) / 1000), bounds);
}

function readDuration(text: string): number {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof DurationError) {
      throw new ValueError(error.message, { cause: error });
    }
    throw error;
  }
}

/** A standard community (RFC 1997) or a large one (RFC 8092), as the numbers between the colons. */
export function community(text: string): { readonly kind: 'standard' | 'large'; readonly parts: readonly Printable[] } {
  const allowed =
    'a community such as 64512:100 (parts up to 65535) or a large one such as 64512:1:2 (up to 4294967295)';
  const parts = matching(text, /^\d{1,10}:\d{1,10}(:\d{1,10})?$/, allowed)
    .split(':')
    .map(Number);
  const kind = parts.length === 2 ? 'standard' : 'large';
  const maximum = kind === 'standard' ? 65_535 : 4_294_967_295;
  if (parts.some((part) => part > maximum)) {
    throw new ValueError(`${JSON.stringify(text)} is not allowed; write ${allowed}`);
  }
  return { kind, parts: parts.map((part) => String(part) as Printable) };
}
