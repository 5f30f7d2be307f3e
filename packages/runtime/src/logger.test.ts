import { PassThrough } from 'node:stream';
import { createLogger, type LoggerOptions } from './logger.ts';

function capture(options: Partial<LoggerOptions> = {}) {
  const stream = new PassThrough();
  const logger = createLogger({ process: 'test', stream, ...options });
  const lines = (): string[] =>
    String(stream.read() ?? '')
      .trim()
      .split('\n');
  return { logger, lines, last: () => JSON.parse(lines().at(-1) ?? '') as Record<string, unknown> };
}

describe('logger', () => {
  it('writes one JSON object a line with time, level, process and fields', () => {
    const { logger, last } = capture();
    logger.child({ node: 'a' }).info('Ready', { size: 3 });
    expect(last()).toEqual({
      time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      level: 'info',
      process: 'test',
      node: 'a',
      size: 3,
      message: 'Ready',
    });
  });

  it('leaves out what is below its level', () => {
    const { logger, lines } = capture({ level: 'warn' });
    logger.info('no');
    logger.warn('yes');
    expect(lines()).toHaveLength(1);
  });

  it('never shows a secret, however deep', () => {
    const { logger, lines } = capture({ level: 'debug' });
    logger.debug('Loaded', {
      token: 'hunter2',
      headers: { Authorization: 'Bearer hunter2', 'x-api-token': 'hunter2' },
      users: [{ bgpPassword: 'hunter2' }],
      data: new Map([['client-secret', 'hunter2']]),
      error: Object.assign(new Error('refused'), { cause: { password: 'hunter2' } }),
    });
    expect(lines().join('')).not.toContain('hunter2');
  });

  it('shows the names of secrets, which one needs to mend things', () => {
    const { logger, last } = capture();
    logger.info('Missing', { passwordSecret: { name: 'tor' }, tokenFile: '/run/token', secretName: 'netbox' });
    expect(last()).toMatchObject({ tokenFile: '/run/token', secretName: 'netbox' });
  });

  it('tells what an error is: message, code and causes', () => {
    const { logger, last } = capture();
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    logger.error('Failed', { error: new Error('no answer', { cause }) });
    expect(last()['error']).toEqual({ message: 'no answer', cause: { message: 'refused', code: 'ECONNREFUSED' } });
  });

  it('survives what JSON does not have', () => {
    const { logger, last } = capture();
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    logger.info('Odd', { big: 2n ** 64n, cycle, level: 'mine', nothing: undefined });
    expect(last()).toMatchObject({ big: '18446744073709551616', level: 'info', level_: 'mine' });
  });

  it('writes text for people', () => {
    const { logger, lines } = capture({ format: 'text' });
    logger.warn('Slow', { milliseconds: 12, sentence: 'a b' });
    expect(lines()[0]).toMatch(/^\S+Z WARN {2}test Slow milliseconds=12 sentence="a b"$/);
  });
});
