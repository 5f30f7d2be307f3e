/**
 * Whether a resourceVersion is older than another. They are opaque by contract before Kubernetes 1.35, and numbers that
 * grow in every API server there is; text that is no number counts as newer, so that nothing is ever missed.
 */
export function isOlder(version: string, than: string): boolean {
  const [a, b] = [numberOf(version), numberOf(than)];
  return a !== undefined && b !== undefined && a < b;
}

function numberOf(version: string): bigint | undefined {
  return /^\d+$/.test(version) ? BigInt(version) : undefined;
}
