/** For tests: the recorded conversation of `ip` with the kernel (testdata/capture.ts makes it). */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Message } from '../codec/message.ts';
import { messages } from '../codec/message.ts';
import type { IpObject } from './ip-json.ts';

interface Step {
  readonly command: string;
  readonly status: number;
  readonly sent: readonly string[];
  readonly received: readonly string[];
  readonly output?: readonly IpObject[];
}

const file = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'testdata', 'capture.json');

/** Every step of the recording. */
export function capturedSteps(): readonly Step[] {
  return (JSON.parse(readFileSync(file, 'utf8')) as { steps: Step[] }).steps;
}

/** The first step with this command. */
export function capturedStep(command: string): Step {
  const step = capturedSteps().find((candidate) => candidate.command === command);
  if (step === undefined) {
    throw new Error(`testdata/capture.json has no ${command}`);
  }
  return step;
}

/** The messages that came in during a step, of one type or all. */
export function receivedMessages(step: Step, type?: number): Message[] {
  const all = step.received.flatMap((datagram) => [...messages(Buffer.from(datagram, 'hex'))]);
  return all.filter((message) => type === undefined || message.type === type);
}
