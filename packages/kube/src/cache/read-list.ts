import type { Readable } from 'node:stream';
import type { KubeObject, ResourceType } from '../resources.ts';
import { ListItemSplitter } from './list-items.ts';
import { readChunks } from './watch-stream.ts';

/**
 * Reads the body of a list while it arrives and gives each object to `onItem`.
 * @returns the version of the list; undefined where the answer is no list
 * @throws what the stream, `JSON.parse` or `onItem` throws; the signal's reason when it aborts
 */
export async function readList<T extends KubeObject>(
  body: Readable,
  { apiVersion, kind }: ResourceType<T>,
  onItem: (object: T) => void,
  signal: AbortSignal,
): Promise<string | undefined> {
  // Items of a list come without the kind that each object has elsewhere.
  const splitter = new ListItemSplitter((text) => onItem({ apiVersion, kind, ...(JSON.parse(text) as T) }));
  await readChunks(body, (chunk) => splitter.push(chunk), signal);
  const envelope = splitter.end() as { readonly metadata?: { readonly resourceVersion?: string } };
  return envelope.metadata?.resourceVersion;
}
