import { setTimeout as delay } from 'node:timers/promises';
import type { Projected, Store } from '@fairlead/kube';

/**
 * Resolves as soon as the condition holds, looked at after each change of the store; rejects with what `describe` says
 * when it does not in time.
 */
export async function untilStore<P extends Projected>(
  store: Pick<Store<P>, 'subscribe'>,
  condition: () => boolean,
  { timeoutMs, describe }: { readonly timeoutMs: number; readonly describe: () => string },
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<'held'>();
  const check = (): void => {
    if (condition()) {
      resolve('held');
    }
  };
  const leave = store.subscribe(check);
  const end = new AbortController();
  check();
  const outcome = await Promise.race([promise, delay(timeoutMs, 'late' as const, { signal: end.signal })]);
  end.abort();
  leave();
  if (outcome === 'late') {
    throw new Error(`not within ${timeoutMs} ms: ${describe()}`);
  }
}
