import { OutageLog } from './outage-log.ts';

describe('outage log', () => {
  const lines: string[] = [];
  const write = (level: string) => (message: string) => lines.push(`${level} ${message}`);
  const logger = { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') };
  let now = 0;

  beforeEach(() => {
    lines.length = 0;
    now = 0;
  });

  it('says nothing of a cut that mends at once', () => {
    const log = new OutageLog({ logger, subject: 'watch', now: () => now });
    log.failed(new Error('cut'));
    now = 2_900;
    log.failed(new Error('cut'));
    log.succeeded();
    expect(lines).toEqual([]);
  });

  it('tells of what lasts once a minute, and of its end', () => {
    const log = new OutageLog({ logger, subject: 'watch', now: () => now });
    for (now = 0; now <= 120_000; now += 500) {
      log.failed(new Error('away'));
    }
    log.succeeded();
    log.succeeded();
    const failing = 'warn The watch fails and is tried again';
    expect(lines).toEqual([failing, failing, 'info The watch works again']);
  });
});
