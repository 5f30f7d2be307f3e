import { PassThrough } from 'node:stream';
import { createLogger } from '@fairlead/runtime';
import { FailingWrites } from './failing-writes.ts';

let now = 0;
let stream: PassThrough;
let failing: FailingWrites;

beforeEach(() => {
  now = 0;
  stream = new PassThrough();
  const logger = createLogger({ process: 'test', level: 'info', stream });
  failing = new FailingWrites({ what: 'Services', logger, now: () => now });
});

/** What has been logged since the last call. */
function told(): string[] {
  const text = String(stream.read() ?? '');
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => String((JSON.parse(line) as { message: unknown }).message));
}

it('one object that goes on failing is told once a minute, though others are written meanwhile', async () => {
  failing.failed('a', new Error('denied'));
  for (now = 1_000; now < 70_000; now += 1_000) {
    failing.failed('a', new Error('denied'));
    await failing.attempt('b', () => Promise.resolve());
  }
  expect(told()).toEqual(Array.from({ length: 2 }, () => 'The writing of Services fails and is tried again'));
  expect([...failing.keys()]).toEqual(['a']);
});

it('the end is told when the last one is well, which one that waits is not', async () => {
  failing.failed('a', new Error('denied'));
  now = 5_000;
  failing.failed('b', new Error('denied'));
  expect(told()).toHaveLength(1);
  await failing.attempt('a', () => Promise.resolve());
  await failing.attempt('b', () => Promise.resolve({ againInMs: 250 }));
  expect(told()).toEqual([]);
  await failing.attempt('b', () => Promise.resolve());
  expect(told()).toEqual(['The writing of Services works again']);
});
