/**
 * Opens a new TCP connection at a steady rate and notes how long each takes: `node tcp-probe.ts '{"address", "port",
 * "intervalMs", "timeoutMs"}'`. Prints `ready` when it begins; ends when standard input does, waits for connections under
 * way, and prints the series as one line of JSON. A connection is reset as soon as it is there: what may be lost of it is
 * its first packet.
 */
import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { now } from '../clock.ts';
import type { TcpConnection, TcpProbeProgramOptions } from '../tcp-probe.ts';

const { address, port, intervalMs, timeoutMs } = JSON.parse(process.argv[2] ?? '{}') as TcpProbeProgramOptions;

try {
  setPriority(-15); // what is late here looks like a fault of the network
} catch {
  // Without the right to it, it is late now and then.
}

const connections: TcpConnection[] = [];
const underWay = new Set<Promise<void>>();

async function open(): Promise<void> {
  const sent = now();
  const { promise, resolve } = Promise.withResolvers<Pick<TcpConnection, 'error'>>();
  const socket = connect({ host: address, port });
  const timer = setTimeout(() => resolve({ error: 'no answer' }), timeoutMs);
  socket.once('connect', () => resolve({}));
  socket.on('error', ({ message }) => resolve({ error: message }));
  const outcome = await promise;
  clearTimeout(timer);
  connections.push({ sent, ms: now() - sent, ...outcome });
  socket.resetAndDestroy();
}

const timer = setInterval(() => {
  const connection = open();
  underWay.add(connection);
  void connection.finally(() => underWay.delete(connection));
}, intervalMs);

process.stdin
  .on('end', () => {
    clearInterval(timer);
    void Promise.all(underWay).then(() =>
      process.stdout.write(`${JSON.stringify(connections)}\n`, () => process.exit(0)),
    );
  })
  .resume();
process.stdout.write('ready\n');
