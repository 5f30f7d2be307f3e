/**
 * Runs inside User-mode Linux as its first process, and does what the lab says over the console: lines of JSON, both
 * ways ({@link ToGuest}, {@link FromGuest}).
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { FromGuest, ToGuest } from '../protocol.ts';

const started = new Map<number, ChildProcess>();

function say(line: FromGuest): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function run({ id, command, stdin }: Extract<ToGuest, { type: 'run' }>): void {
  const [program = '', ...args] = command;
  const child = execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
    const code = error === null ? 0 : typeof error.code === 'number' ? error.code : null;
    say({ type: 'result', id, code, stdout, stderr: stderr === '' && error !== null ? error.message : stderr });
  });
  child.stdin?.on('error', () => {}); // it may end without reading all of it
  child.stdin?.end(stdin);
}

function start({ id, command, logFile }: Extract<ToGuest, { type: 'start' }>): void {
  const [program = '', ...args] = command;
  const log = logFile === null ? undefined : openSync(logFile, 'a');
  const child = spawn(program, args, { stdio: ['ignore', log ?? 'pipe', log ?? 'inherit'] });
  if (log !== undefined) {
    closeSync(log);
  }
  started.set(id, child);
  if (child.stdout !== null) {
    createInterface({ input: child.stdout }).on('line', (line) => say({ type: 'line', id, line }));
  }
  child.once('error', (error) => {
    process.stderr.write(`${program}: ${error.message}\n`);
    say({ type: 'exit', id, code: 127, signal: null });
  });
  child.once('close', (code, signal) => say({ type: 'exit', id, code, signal }));
}

function obey(order: ToGuest): void {
  switch (order.type) {
    case 'run':
      run(order);
      return;
    case 'start':
      start(order);
      return;
    case 'signal':
      started.get(order.id)?.kill(order.signal);
      return;
    default:
      order satisfies never;
  }
}

if (process.stdin.isTTY) {
  process.stdin.setRawMode(true); // no echo, and no character means anything but itself
}
createInterface({ input: process.stdin }).on('line', (line) => obey(JSON.parse(line) as ToGuest));
say({ type: 'ready' });
