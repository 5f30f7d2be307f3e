import { isAlreadyExists, isConflict, isNotFound, type KubeClient } from '@fairlead/kube';
import { CONFIG_MAPS, type ConfigMap } from './cluster.ts';

export interface ChurnOptions {
  /** Straight to the API server. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly random: () => number;
  /** Different names that come and go. */
  readonly names: number;
}

/** Creates, changes, deletes and re-creates objects until the signal aborts; resolves with the number of writes. */
export async function churn({ client, namespace, random, names }: ChurnOptions, signal: AbortSignal): Promise<number> {
  let writes = 0;
  while (!signal.aborted) {
    const name = `object-${Math.floor(random() * names)}`;
    try {
      await write({ client, key: { namespace, name }, dice: random() });
      writes += 1;
    } catch (error) {
      if (!(isNotFound(error) || isAlreadyExists(error) || isConflict(error))) {
        throw error;
      }
    }
  }
  return writes;
}

interface Write {
  readonly client: KubeClient;
  readonly key: { readonly namespace: string; readonly name: string };
  readonly dice: number;
}

async function write({ client, key, dice }: Write): Promise<void> {
  // The label makes objects enter and leave what a selector sees.
  const labels = { half: dice * 1_000 < 500 ? 'left' : 'right' };
  const object: ConfigMap = { metadata: { ...key, labels }, data: { text: `${dice} ` + 'ä'.repeat(dice * 300) } };
  if (dice < 0.35) {
    await client.create(CONFIG_MAPS, object);
  } else if (dice < 0.75) {
    await client.patch(CONFIG_MAPS, key, { metadata: { labels }, data: object.data }, { type: 'merge' });
  } else {
    await client.delete(CONFIG_MAPS, key);
    if (dice > 0.85) {
      await client.create(CONFIG_MAPS, object); // deleted and made anew: perhaps nobody sees the moment between
    }
  }
}
