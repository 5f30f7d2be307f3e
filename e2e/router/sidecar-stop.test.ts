import { probeCommand, startCommand, stopCommand } from './sidecar-page.ts';
import { StopBed } from './stop.ts';

describe.each([
  { tor: 'BIRD', bfd: false },
  { tor: 'FRR', bfd: true },
] as const)('BIRD that is stopped as the page says, with $tor as neighbor (BFD: $bfd)', ({ tor, bfd }) => {
  let bed: StopBed;

  beforeAll(async () => {
    bed = await StopBed.start({ tor, bfd, gracefulRestart: true });
  }, 30_000);

  afterAll(async () => {
    await bed?.[Symbol.asyncDispose]();
  }, 20_000);

  it('is the one that the page starts, and lives as its probe says', async () => {
    expect(await startCommand(bed.folder)).toEqual(expect.arrayContaining(['bird', '-f', '-R']));
    expect(await bed.exec(await probeCommand(bed.folder))).toContain('Daemon is up and running');
  });

  it('loses no route, and announces a new one when it is back', async () => {
    const { withoutRouteMs, sessionMs } = await bed.restart(await stopCommand(bed.folder));
    process.stderr.write(`${tor}: session back after ${sessionMs.toFixed(0)} ms\n`);
    expect(withoutRouteMs).toBe(0);
    await bed.announce('10.1.0.2/32');
  }, 40_000);

  it('loses it with SIGTERM, by which BIRD says goodbye', async () => {
    const { withoutRouteMs } = await bed.restart('SIGTERM');
    expect(withoutRouteMs).toBeGreaterThan(0);
  }, 40_000);
});
