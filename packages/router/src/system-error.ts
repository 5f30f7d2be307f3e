/** The system's error code of what was thrown, such as `ENOENT`; undefined where it has none. */
export function systemErrorCode(error: unknown): string | undefined {
  // Not `instanceof Error`: errors of Node's own modules come from another realm where a test runner has made one.
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

/** What an error says, for a sentence. */
export function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
    ? error.message
    : String(error);
}
