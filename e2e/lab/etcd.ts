import { Agent, request } from 'undici';

/** A value to write, with its key. */
export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
}

/** etcd takes at most 128 operations in one transaction (`--max-txn-ops`). */
const ENTRIES_A_TRANSACTION = 128;
/** Transactions under way at a time; etcd does them one after the other, so these only hide the way there. */
const IN_FLIGHT = 4;

/**
 * Writes to etcd past the API server, through etcd's own JSON gateway (`POST /v3/kv/txn`). The API server's watches bring
 * what is written at once.
 * @param socket etcd's Unix socket
 * @throws {Error} with etcd's words, when it refuses one; those before are written then
 */
export async function putAll(socket: string, entries: readonly EtcdEntry[]): Promise<void> {
  const transactions = Array.from({ length: Math.ceil(entries.length / ENTRIES_A_TRANSACTION) }, (_, index) =>
    entries.slice(index * ENTRIES_A_TRANSACTION, (index + 1) * ENTRIES_A_TRANSACTION),
  );
  const agent = new Agent({ connect: { socketPath: socket }, connections: IN_FLIGHT });
  try {
    await Promise.all(transactions.map(async (transaction) => putTogether(agent, transaction)));
  } finally {
    await agent.destroy();
  }
}

async function putTogether(dispatcher: Agent, entries: readonly EtcdEntry[]): Promise<void> {
  const success = entries.map(({ key, value }) => ({ requestPut: { key: base64(key), value: base64(value) } }));
  const { statusCode, body } = await request('http://etcd/v3/kv/txn', {
    dispatcher,
    method: 'POST',
    body: JSON.stringify({ success }),
  });
  const answer = await body.text();
  if (statusCode !== 200) throw new Error(`etcd: ${statusCode} ${answer}`);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
