import type { Reset } from './resets.ts';

/** More are counted. */
const NAMED = 5;

/**
 * Resets as a sentence for people, such as `restarts tor-1 (hold time, password); may restart ospf4 (area 0 …: hello)`.
 * @param nameOf what users call a protocol
 * @returns undefined where there are none
 */
export function describeResets(
  resets: readonly Reset[],
  nameOf: (protocol: string) => string = (protocol) => protocol,
): string | undefined {
  const parts = (['ends', 'restarts', 'may restart'] as const).flatMap((effect) => {
    const those = resets.filter((reset) => reset.effect === effect);
    if (those.length === 0) {
      return [];
    }
    const named = those
      .slice(0, NAMED)
      .map(({ protocol, causes }) => `${nameOf(protocol)} (${causes.slice(0, NAMED).join(', ')})`);
    const more = those.length > NAMED ? ` and ${those.length - NAMED} more` : '';
    return [`${effect} ${named.join(', ')}${more}`];
  });
  return parts.length === 0 ? undefined : parts.join('; ');
}
