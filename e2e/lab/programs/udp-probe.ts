/**
 * Sends numbered UDP packets at a steady rate and notes who answers: `node udp-probe.ts '{"address", "port", "intervalMs",
 * "flows", "settleMs", "packets", "forwarders"}'`. Prints `ready` when it sends; ends after `packets` of them or when standard
 * input does, waits for answers under way until none has come for `settleMs`, and prints the series as one line of JSON.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../clock.ts';
import type { ProbeProgramOptions } from '../probe.ts';
import type { ProbePacket } from '../probe-report.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as ProbeProgramOptions;
const { address, port, intervalMs, flows, settleMs, packets: limit, forwarders } = options;

/** Every packet has the same size, so that byte counters count packets. */
const PAYLOAD_LENGTH = 8;
/**
 * Packets that are sent in one millisecond at most. All that are due after a stall of this process, at once, would be more
 * than the answering socket has room for, and their loss looks like a fault of the network.
 */
const MOST_AT_ONCE = 8;
/** How often the wait for answers begins anew, at most. */
const MOST_WAITS = 10;

try {
  setPriority(-15); // what is late here looks like a fault of the network
} catch {
  // Without the right to it the report's `maxSendLateMs` tells how late it was.
}

const sent: number[] = [];
const answered: (number | undefined)[] = [];
const nodes: (string | undefined)[] = [];
let received = 0;
let duplicates = 0;
let maxSendLateMs = 0;

const sockets = await Promise.all(
  Array.from({ length: flows }, async () => {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.on('message', (answer) => {
      const [, node = '', source = '', number = ''] = answer.toString('latin1').split(' ');
      const index = Number(number);
      if (answered[index] !== undefined) {
        duplicates += 1;
        return;
      }
      received += 1;
      answered[index] = now();
      nodes[index] = forwarders[source] ?? node;
    });
    socket.on('error', () => {}); // an unreachable network loses packets; that is what is measured
    socket.bind(0);
    await once(socket, 'listening');
    return socket;
  }),
);

let running = true;
process.stdin.on('end', () => (running = false)).resume();
process.stdout.write('ready\n');

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const start = now();

/** Sends what is due. Sleeps by itself rather than by a timer: those are only good to a millisecond. */
function turn(): void {
  if (!running || sent.length >= limit) {
    void finish();
    return;
  }
  let atOnce = 0;
  for (; atOnce < MOST_AT_ONCE; atOnce += 1) {
    const due = start + sent.length * intervalMs;
    const time = now();
    if (due > time || sent.length >= limit) break;
    maxSendLateMs = Math.max(maxSendLateMs, time - due);
    const index = sent.length;
    sent.push(time);
    sockets[index % flows]?.send(String(index).padStart(PAYLOAD_LENGTH, '0'), port, address, () => {});
  }
  const breather = atOnce === MOST_AT_ONCE ? 1 : 0;
  Atomics.wait(sleeper, 0, 0, Math.max(breather, start + sent.length * intervalMs - now()));
  setImmediate(turn);
}
turn();

async function finish(): Promise<void> {
  // While answers still come in, on a machine at work, the wait begins anew; but not for ever.
  for (let waits = 0; waits < MOST_WAITS; waits += 1) {
    const before = received;
    await delay(settleMs);
    if (received === before) break;
  }
  const packets = sent.map((time, index): ProbePacket => ({
    sent: time,
    answered: answered[index] ?? null,
    node: nodes[index] ?? '',
  }));
  process.stdout.write(`${JSON.stringify({ intervalMs, packets, duplicates, maxSendLateMs })}\n`, () =>
    process.exit(0),
  );
}
