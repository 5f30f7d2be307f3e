import { describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Run } from './run.ts';
import { runsDirectory } from './runs.ts';

/** What is left of a run on this machine: processes by their mark, namespaces, the link. */
function remains(id: string): string[] {
  const processes = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(`FAIRLEAD_LAB_RUN=${id}`);
    } catch {
      return false; // it has ended meanwhile
    }
  });
  const namespaces = existsSync('/run/netns') ? readdirSync('/run/netns').filter((name) => name.includes(id)) : [];
  const links = readdirSync('/sys/class/net').filter((name) => name.includes(id));
  return [...processes.map((pid) => `process ${pid}`), ...namespaces, ...links];
}

/** The reaper removes everything of the folder but the logs, as its last act. */
async function untilReaped(directory: string): Promise<void> {
  const watcher = watch(directory);
  try {
    while (readdirSync(directory).some((name) => name !== 'log' && name !== 'run.json')) await once(watcher, 'change');
  } finally {
    watcher.close();
  }
}

describe('a run', () => {
  test('leaves nothing when the program that started it is killed with SIGKILL, but its logs', async () => {
    const victim = spawn(process.execPath, [join(import.meta.dirname, 'programs', 'victim.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [id] = (await once(createInterface({ input: victim.stdout }), 'line')) as [string];
    const directory = join(runsDirectory(), id);
    expect(remains(id).length).toBeGreaterThan(10);
    const gone = once(victim, 'exit');
    victim.kill('SIGKILL');
    await gone;
    await untilReaped(directory);
    expect(remains(id)).toEqual([]);
    expect(readdirSync(join(directory, 'log'))).toContain('kube-apiserver.log');
    const cleaner = await Run.start();
    await cleaner.exec(['rm', '-rf', directory]);
    await cleaner.close();
  }, 60_000);

  test('ends processes that are stopped, that ignore signals, and that their parents have left', async () => {
    const run = await Run.start();
    const stopped = run.spawn('stopped', ['sleep', '1000']);
    stopped.pause();
    const stubborn = run.spawn('stubborn', [
      'sh',
      '-c',
      "trap '' TERM INT HUP; (setsid sleep 1000 &) ; echo up; while :; do sleep 1000; done",
    ]);
    await stubborn.waitForLog(/up/);
    expect(remains(run.id).length).toBeGreaterThanOrEqual(3);
    await run.close();
    expect(remains(run.id)).toEqual([]);
    expect(await stopped.exited).toEqual({ code: null, signal: 'SIGKILL' });
  }, 20_000);

  test('keeps its logs when it failed, and only then', async () => {
    const [good, bad] = [await Run.start(), await Run.start()];
    for (const run of [good, bad]) await run.spawn('talker', ['echo', 'a word']).waitForLog(/a word/);
    bad.fail();
    await Promise.all([good.close(), bad.close()]);
    expect(existsSync(good.directory)).toBe(false);
    expect(readFileSync(bad.logFile('talker'), 'utf8')).toBe('a word\n');
    const cleaner = await Run.start();
    await cleaner.exec(['rm', '-rf', bad.directory]);
    await cleaner.close();
  }, 20_000);
});
