/**
 * Asks many addresses by UDP, each at the same steady rate, their turns spread evenly, and notes who answers:
 * `node many-probe.ts '{"addresses", "port", "intervalMs", "settleMs"}'`. Prints `ready` when it sends; ends when standard
 * input does, waits `settleMs` for answers under way, and prints one series an address as one line of JSON.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { now } from '../../lab/clock.ts';
import type { ProbePacket } from '@fairlead/e2e/lab';
import type { ManyProbeProgramOptions } from '../many-probe.ts';

const { addresses, port, intervalMs, settleMs } = JSON.parse(process.argv[2] ?? '{}') as ManyProbeProgramOptions;

try {
  setPriority(-15); // what is late here looks like a fault of the network
} catch {
  // Without the right to it the report's `maxSendLateMs` tells how late it was.
}

/** What became of each packet, in the order of sending; packet `n` went to address `n modulo count`. */
const sent: number[] = [];
const answered: (number | undefined)[] = [];
const nodes: (string | undefined)[] = [];
let duplicates = 0;
let maxSendLateMs = 0;

const socket = createSocket(addresses[0]?.includes(':') === true ? 'udp6' : 'udp4');
socket.on('message', (answer) => {
  const [, node = '', , number = ''] = answer.toString('latin1').split(' ');
  const index = Number(number);
  if (answered[index] === undefined) {
    answered[index] = now();
    nodes[index] = node;
  } else {
    duplicates += 1;
  }
});
socket.on('error', () => {}); // an unreachable network loses packets; that is what is measured
socket.bind(0);
await once(socket, 'listening');

/**
 * Packets that are sent in one millisecond at most. All that are due after a stall of this process, at once, would be more
 * than the answering sockets have room for, and their loss looks like a fault of the network.
 */
const MOST_AT_ONCE = 16;

let running = true;
process.stdin.on('end', () => (running = false)).resume();
process.stdout.write('ready\n');

const sleeper = new Int32Array(new SharedArrayBuffer(4));
const start = now();
const stepMs = intervalMs / addresses.length;

/** Sends what is due. Sleeps by itself rather than by a timer: those are only good to a millisecond. */
function turn(): void {
  if (!running) {
    void finish();
    return;
  }
  for (let atOnce = 0; atOnce < MOST_AT_ONCE; atOnce += 1) {
    const index = sent.length;
    const due = start + index * stepMs;
    const time = now();
    if (due > time) break;
    maxSendLateMs = Math.max(maxSendLateMs, time - due);
    sent.push(time);
    socket.send(String(index), port, addresses[index % addresses.length], () => {});
  }
  Atomics.wait(sleeper, 0, 0, Math.max(1, start + sent.length * stepMs - now()));
  setImmediate(turn);
}
turn();

async function finish(): Promise<void> {
  await delay(settleMs);
  const packets = addresses.map((): ProbePacket[] => []);
  for (const [index, time] of sent.entries()) {
    packets[index % addresses.length]?.push({
      sent: time,
      answered: answered[index] ?? null,
      node: nodes[index] ?? '',
    });
  }
  process.stdout.write(`${JSON.stringify({ intervalMs, packets, duplicates, maxSendLateMs })}\n`, () =>
    process.exit(0),
  );
}
