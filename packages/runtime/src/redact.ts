import { isNativeError } from 'node:util/types';

const SECRET_KEY = /authorization|cookie|credential|passphrase|password|private-?key|secret|token/i;
/** Names of objects and files that hold secrets are no secrets, and needed to mend things. */
const HARMLESS_KEY = /(name|file|ref|reference|namespace|path|kind)$/i;
/** Deeper than any object that is worth logging; ends cycles too. */
const DEEPEST = 8;

/**
 * A copy of a value that can be logged: no secrets, plain JSON. Values under keys that name a secret become
 * `[redacted]`, errors their message, code and causes, big integers text.
 */
export function redact(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return redactRecord(fields, 0);
}

function redactRecord(record: object, depth: number): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]: [string, unknown]) => [
      key,
      SECRET_KEY.test(key) && !HARMLESS_KEY.test(key) && isContent(value) ? '[redacted]' : plain(value, depth + 1),
    ]),
  );
}

/** Whether a value can hold a secret: `hasToken: true` and `tokens: 3` cannot. */
function isContent(value: unknown): boolean {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

function plain(value: unknown, depth: number): unknown {
  if (typeof value === 'bigint') {
    return value.toString();
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (depth > DEEPEST) {
    return '[deeper]';
  }
  if (isNativeError(value)) {
    return plainError(value, depth);
  }
  if (Array.isArray(value)) {
    return value.map((item) => plain(item, depth + 1));
  }
  if (value instanceof Date || value instanceof URL) {
    return value.toJSON();
  }
  if (value instanceof Map) {
    return redactRecord(Object.fromEntries(value), depth);
  }
  if (value instanceof Set) {
    return [...value].map((item) => plain(item, depth + 1));
  }
  return redactRecord(value, depth);
}

function plainError(error: Error, depth: number): Record<string, unknown> {
  const code: unknown = 'code' in error ? error.code : undefined;
  return {
    message: error.message,
    ...(error.name === 'Error' ? {} : { name: error.name }),
    ...(code === undefined ? {} : { code }),
    ...(error.cause === undefined ? {} : { cause: plain(error.cause, depth + 1) }),
    ...(isProgrammingError(error) ? { stack: error.stack } : {}),
  };
}

/** A stack helps where the program is wrong; where the world is (network, permissions) it only hides the sentence. */
function isProgrammingError(error: Error): boolean {
  return (
    (error instanceof TypeError && error.cause === undefined) ||
    error instanceof ReferenceError ||
    error instanceof RangeError
  );
}
