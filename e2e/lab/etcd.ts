import { Agent, request } from 'undici';

/** A value to write, with its key. */
export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
}

/** Transactions under way at a time; etcd does them one after the other, so these only hide the way there. */
const IN_FLIGHT = 8;

/**
 * Writes to etcd past the API server, through etcd's own JSON gateway (`POST /v3/kv/txn`). The API server's watches bring
 * what is written at once.
 * @param socket etcd's Unix socket
 * @param transactions what is written together, at one revision. No two objects of one resource may be: a watch that is
 *   taken up again after a revision misses what else was written at it, and the API server itself never does that.
 * @throws {Error} with etcd's words, when it refuses one; others are written then
 */
export async function writeTransactions(socket: string, transactions: Iterable<readonly EtcdEntry[]>): Promise<void> {
  const agent = new Agent({ connect: { socketPath: socket }, connections: IN_FLIGHT });
  const next = transactions[Symbol.iterator]();
  const work = async (): Promise<void> => {
    for (let step = next.next(); step.done !== true; step = next.next()) {
      await write(agent, step.value);
    }
  };
  try {
    await Promise.all(Array.from({ length: IN_FLIGHT }, work));
  } finally {
    await agent.destroy();
  }
}

async function write(dispatcher: Agent, entries: readonly EtcdEntry[]): Promise<void> {
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
