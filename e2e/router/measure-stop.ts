/**
 * What the upstream router loses when BIRD is stopped and started again: `node e2e/router/measure-stop.ts`, as root. Prints
 * the table of docs/routing/sidecar.md.
 */
import { stopCommand } from './sidecar-page.ts';
import { StopBed } from './stop.ts';
import type { Stop, StopOutcome } from './stop.ts';

const TIMES = 3;

function cell(outcomes: readonly StopOutcome[]): string {
  const seconds = outcomes.map(({ withoutRouteMs }) => withoutRouteMs / 1000).sort((a, b) => a - b);
  const [least = 0, most = 0] = [seconds[0], seconds.at(-1)];
  return most === 0 ? 'never' : `${least.toFixed(1)} to ${most.toFixed(1)} s`;
}

const lines = [
  '| Neighbor, `gracefulRestart`, `bfd` | the command above | SIGTERM | SIGKILL |',
  '| --- | --- | --- | --- |',
];
for (const tor of ['BIRD', 'FRR'] as const) {
  for (const gracefulRestart of [true, false]) {
    for (const bfd of [false, true]) {
      await using bed = await StopBed.start({ tor, bfd, gracefulRestart });
      const cells: string[] = [];
      for (const stop of [await stopCommand(bed.folder), 'SIGTERM', 'SIGKILL'] satisfies Stop[]) {
        const outcomes: StopOutcome[] = [];
        for (let time = 0; time < TIMES; time += 1) {
          outcomes.push(await bed.restart(stop));
        }
        cells.push(cell(outcomes));
      }
      const [restart, detection] = [gracefulRestart, bfd].map((on) => (on ? 'with' : 'without'));
      lines.push(`| ${tor}, ${restart}, ${detection} | ${cells.join(' | ')} |`);
    }
  }
}
process.stdout.write(`${lines.join('\n')}\n`);
