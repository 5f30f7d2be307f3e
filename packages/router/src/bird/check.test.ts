import type { CheckResult } from '../controller/daemon.ts';
import { checkConfiguration, parseFault } from './check.ts';

describe('parseFault', () => {
  it.each([
    ['bird: bird.conf:8:14 syntax error, unexpected BASE\n', { line: 8, message: 'syntax error, unexpected BASE' }],
    ['/run/x y/bird.conf:12:18 Cannot open', { line: 12, message: 'Cannot open' }],
    [
      'bird: Unable to open bird.conf: No such file\n',
      { line: undefined, message: 'bird: Unable to open bird.conf: No such file' },
    ],
    ['', { line: undefined, message: 'BIRD gave no reason' }],
  ])('reads %j', (output, fault) => {
    expect(parseFault(output)).toEqual(fault);
  });
});

function check(birdPath: string): Promise<CheckResult> {
  return checkConfiguration({
    birdPath,
    path: '/nonexistent',
    timeoutMs: 10_000,
    signal: new AbortController().signal,
  });
}

describe('checkConfiguration', () => {
  it('says what to install where there is no BIRD', async () => {
    expect(await check('/nonexistent/bird')).toEqual({
      type: 'failed',
      message: expect.stringContaining('install BIRD 2'),
    });
  });

  it('accepts what the program accepts, and refuses what it refuses', async () => {
    expect(await check('/bin/true')).toEqual({ type: 'valid' });
    expect(await check('/bin/false')).toMatchObject({ type: 'invalid' });
  });
});
