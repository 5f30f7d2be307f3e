import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CASES } from '../../testdata/cases.ts';
import { buildRouterView } from '../view/build.ts';
import type { RouterView } from '../view/view.ts';
import type { ObservedSession } from './daemon.ts';
import { MD5Watch, parseMD5Counters } from './md5-watch.ts';
import type { MD5Counters } from './md5-watch.ts';

/** As Linux 6.18 has it, without most of the names. */
function netstat({ failure, notFound, unexpected }: MD5Counters): string {
  return [
    'TcpExt: SyncookiesSent TCPMD5NotFound TCPMD5Unexpected TCPMD5Failure TCPAOGood',
    `TcpExt: 7 ${notFound} ${unexpected} ${failure} 0`,
    'IpExt: InNoRoutes InTruncatedPkts',
    'IpExt: 0 0',
    '',
  ].join('\n');
}

const NONE: MD5Counters = { failure: 0, notFound: 0, unexpected: 0 };

describe('parseMD5Counters', () => {
  it('reads the counters by their names', () => {
    expect(parseMD5Counters(netstat({ failure: 1, notFound: 2, unexpected: 3 }))).toEqual({
      failure: 1,
      notFound: 2,
      unexpected: 3,
    });
  });

  it.each(['', 'TcpExt: SyncookiesSent\nTcpExt: 0\n', 'TcpExt: TCPMD5Failure\n'])('knows nothing from %j', (text) => {
    expect(parseMD5Counters(text)).toBeUndefined();
  });
});

function view(name: string): RouterView {
  const input = CASES[name];
  const intent = input === undefined ? undefined : buildRouterView(input);
  if (intent?.type !== 'configure') {
    throw new Error(`no view of ${name}`);
  }
  return intent.view;
}

const WITH_PASSWORD = view('password');
const WITHOUT = view('one-neighbor');

function session(of: RouterView, more: Partial<ObservedSession> = {}): ObservedSession {
  const name = String(of.bgp.neighbors[0]?.name);
  const down = { state: 'Connect', isUp: false, since: undefined, exported: 0, imported: 0, message: '' };
  return { name, protocol: 'BGP', ...down, ...more };
}

describe('MD5Watch', () => {
  let folder: string;
  let path: string;
  let now: number;
  let watch: MD5Watch;
  const count = (counters: Partial<MD5Counters>): Promise<void> => writeFile(path, netstat({ ...NONE, ...counters }));
  const message = async (of: RouterView, more: Partial<ObservedSession> = {}): Promise<string | undefined> =>
    (await watch.explain([session(of, more)], of))[0]?.message;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fairlead-netstat-'));
    path = join(folder, 'netstat');
    now = 0;
    await count({ failure: 5 });
    watch = new MD5Watch({ netstatPath: path, now: () => now });
    // What was counted before is no evidence.
    expect(await message(WITH_PASSWORD)).toBe('');
  });

  afterEach(() => rm(folder, { recursive: true }));

  it.each<[string, Partial<MD5Counters>, RouterView, RegExp]>([
    ['another password', { failure: 6 }, WITH_PASSWORD, /TCPMD5Failure\); compare the Secret tor/],
    ['no password over there', { failure: 5, notFound: 1 }, WITH_PASSWORD, /TCPMD5NotFound\); set it there too/],
    ['a password only over there', { failure: 5, unexpected: 1 }, WITHOUT, /TCPMD5Unexpected\); write passwordSecret/],
  ])('tells of %s what to compare', async (_, counters, of, told) => {
    await count(counters);
    expect(await message(of)).toMatch(told);
    // The next segment comes seconds later.
    now += 60_000;
    expect(await message(of, { message: 'Socket: timed out' })).toMatch(
      new RegExp(`${told.source}.*Socket: timed out$`),
    );
  });

  it('tells nothing of a session that is up, or that has no password where others fail', async () => {
    await count({ failure: 6 });
    expect(await message(WITHOUT)).toBe('');
    expect(await message(WITH_PASSWORD, { isUp: true })).toBe('');
  });

  it('forgets what was when the session has been up', async () => {
    await count({ failure: 6 });
    expect(await message(WITH_PASSWORD)).not.toBe('');
    await message(WITH_PASSWORD, { isUp: true });
    expect(await message(WITH_PASSWORD)).toBe('');
  });

  it('forgets what has not happened again for five minutes', async () => {
    await count({ unexpected: 1, failure: 5 });
    expect(await message(WITHOUT)).not.toBe('');
    now += 300_001;
    expect(await message(WITHOUT)).toBe('');
  });

  it('tells of what happened last', async () => {
    await count({ failure: 6 });
    expect(await message(WITH_PASSWORD)).toContain('TCPMD5Failure');
    now += 5_000;
    await count({ failure: 6, notFound: 1 });
    expect(await message(WITH_PASSWORD)).toContain('TCPMD5NotFound');
  });

  it('names the password where a neighbor is silent for ten seconds', async () => {
    now += 9_999;
    expect(await message(WITH_PASSWORD)).toBe('');
    now += 1;
    expect(await message(WITH_PASSWORD)).toMatch(/does not answer.*Secret tor/);
    expect(await message(WITH_PASSWORD, { message: 'Socket: Connection refused' })).toBe('Socket: Connection refused');
  });

  it('does without where the kernel does not count', async () => {
    await rm(path);
    expect(await message(WITH_PASSWORD)).toBe('');
  });
});
