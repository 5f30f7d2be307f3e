import { describeHistory } from './history.ts';
import type { History } from './history.ts';
import type { Kind, Sample } from './ledger.ts';
import type { Violation } from './referee.ts';

/** Times of one kind after one kind of fault. Mergeable, so that workers may count apart. */
export interface Times {
  readonly kind: Kind;
  readonly blame: string;
  readonly ms: readonly number[];
}

const TITLES: Readonly<Record<Kind, string>> = {
  gap: 'without a holder',
  overlap: 'with two holders',
  leftover: 'held though no Service has it',
  handOver: 'until it is handed over',
};
const QUANTILES = [0.5, 0.9, 0.99, 1];

/** Collects samples by what they are of. */
export class Distributions {
  readonly #times = new Map<string, { readonly kind: Kind; readonly blame: string; readonly ms: number[] }>();

  add(samples: Iterable<Sample>): void {
    for (const { kind, blame, ms } of samples) {
      this.#of(kind, blame).push(ms);
    }
  }

  merge(times: Iterable<Times>): void {
    for (const { kind, blame, ms } of times) {
      const all = this.#of(kind, blame);
      for (const value of ms) {
        all.push(value);
      }
    }
  }

  get times(): readonly Times[] {
    return [...this.#times.values()];
  }

  /** A Markdown table of the kinds asked for: how often, p50, p90, p99 and the longest, in milliseconds. */
  table(kinds: readonly Kind[]): string {
    const rows = kinds.flatMap((kind) =>
      [...this.#times.values()]
        .filter((times) => times.kind === kind)
        .sort((a, b) => (a.blame < b.blame ? -1 : 1))
        .map(({ blame, ms }) => {
          const sorted = Float64Array.from(ms).sort();
          const values = QUANTILES.map((quantile) => {
            const value = sorted[Math.max(0, Math.ceil(quantile * sorted.length) - 1)] ?? 0;
            return value.toFixed(value < 10 ? 1 : 0);
          });
          return `| ${TITLES[kind]} | ${blame} | ${ms.length} | ${values.join(' | ')} |`;
        }),
    );
    return [
      '| An address is | after | times | p50 ms | p90 | p99 | longest |',
      '| --- | --- | ---: | ---: | ---: | ---: | ---: |',
      ...rows,
    ].join('\n');
  }

  #of(kind: Kind, blame: string): number[] {
    const key = `${kind} ${blame}`;
    const known = this.#times.get(key) ?? { kind, blame, ms: [] };
    this.#times.set(key, known);
    return known.ms;
  }
}

/** A seed that broke a rule, with what is needed to understand it. */
export interface Failure {
  readonly seed: number;
  readonly violation: Violation;
  /** The shortest history that still breaks the rule; undefined where another seed has shown it already. */
  readonly shortest: History | undefined;
}

/** What a person needs who is to mend it: the seed, how to see it again, and the shortest history, line by line. */
export function describeFailure({ seed, violation, shortest }: Failure, command: string): string {
  const lines = [
    `seed ${seed} breaks "${violation.rule}" at ${Math.round(violation.at)} ms: ${violation.what}`,
    `  to see it happen: ${command} --replay ${seed}`,
  ];
  if (shortest !== undefined) {
    lines.push(
      `  the shortest history that still breaks it:`,
      ...describeHistory(shortest).map((line) => `    ${line}`),
      `  to see that one: ${command} --history '${JSON.stringify(shortest)}'`,
    );
  }
  return lines.join('\n');
}
