import { formatNumber, quantile } from '../bench/figures.ts';
import type { Result } from './measure.ts';
import type { Bounds, Outcome } from './scenario.ts';

/** How a figure was spread over the repetitions. */
export interface Distribution {
  readonly min: number;
  readonly median: number;
  /** By the nearest rank: of fewer than a hundred repetitions, the worst. */
  readonly p99: number;
  readonly max: number;
}

/** The distribution of a figure, or undefined where no repetition has one. */
export function distributionOf(
  outcomes: readonly Outcome[],
  figure: (outcome: Outcome) => number | undefined,
): Distribution | undefined {
  const values = outcomes.map(figure).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  return {
    min: Math.min(...values),
    median: quantile(values, 0.5),
    p99: quantile(values, 0.99),
    max: Math.max(...values),
  };
}

/** What of its promise a scenario has not kept, in words; whatever was wrong in a repetition is broken as well. */
export function brokenPromises({ scenario: { promised }, outcomes, failures }: Result): string[] {
  const faults = outcomes.flatMap((outcome, index) =>
    outcome.faults.map((fault) => `repetition ${index + 1}: ${fault}`),
  );
  return [
    ...over('lost', distributionOf(outcomes, ({ lost }) => lost)?.max, promised.lost, ''),
    ...over('gap', distributionOf(outcomes, ({ gapMs }) => gapMs)?.p99, promised.gapMs),
    ...over('overlap', distributionOf(outcomes, ({ overlapMs }) => overlapMs)?.max, promised.overlapMs),
    ...over('one holder after', distributionOf(outcomes, ({ settledMs }) => settledMs)?.max, promised.settledMs),
    ...faults,
    ...failures.map((failure) => `a repetition did not come to an end: ${failure}`),
    ...(outcomes.length === 0 ? ['nothing was measured'] : []),
  ];
}

function over(what: string, value: number | undefined, bound: number | undefined, unit = ' ms'): string[] {
  return value === undefined || bound === undefined || value <= bound
    ? []
    : [`${what} ${formatNumber(value)}${unit}, promised ${formatNumber(bound)}${unit}`];
}

/** The header of the table. Four figures in a cell are the least, the median, the p99 and the most. */
export const HEADER: readonly string[] = [
  'Scenario',
  'What is done',
  'Promised',
  'Times',
  'Lost probes',
  'Gap, ms',
  'Overlap, ms',
  'One holder after, ms',
  'Probe late, ms',
  'Wrong',
  'Others',
  'On',
];

/** A scenario's row of the table. `date` is when it was measured. */
export function rowOf(result: Result, date: string): string[] {
  const { scenario, outcomes, failures } = result;
  const broken = brokenPromises(result);
  return [
    scenario.name,
    scenario.what,
    promiseInWords(scenario.promised),
    String(outcomes.length + failures.length),
    cell(distributionOf(outcomes, ({ lost }) => lost)),
    cell(distributionOf(outcomes, ({ gapMs }) => gapMs)),
    cell(distributionOf(outcomes, ({ overlapMs }) => overlapMs)),
    cell(distributionOf(outcomes, ({ settledMs }) => settledMs)),
    cell(distributionOf(outcomes, ({ probeLateMs }) => probeLateMs)),
    broken.length === 0 ? 'nothing' : broken.map(withoutMarkup).join('; '),
    scenario.others ?? '',
    date,
  ];
}

function promiseInWords({ lost, gapMs, overlapMs, settledMs }: Bounds): string {
  return [
    ...(lost === undefined ? [] : [`${lost} lost`]),
    ...(gapMs === undefined ? [] : [`gap under ${gapMs} ms`]),
    ...(overlapMs === undefined ? [] : [overlapMs === 0 ? 'no overlap' : `overlap at most ${overlapMs} ms`]),
    ...(settledMs === undefined ? [] : [`one holder within ${settledMs} ms`]),
  ].join(', ');
}

function cell(distribution: Distribution | undefined): string {
  if (distribution === undefined) return '';
  const { min, median, p99, max } = distribution;
  return min === max ? rounded(max) : [min, median, p99, max].map(rounded).join(' / ');
}

/** Tenths of a millisecond are more than the probe can tell; below ten they show that there was something at all. */
function rounded(value: number): string {
  return value >= 10 ? value.toFixed(0) : String(Number(value.toFixed(1)));
}

/** What would end a cell or begin markup is not wanted from messages of others. */
function withoutMarkup(text: string): string {
  return text
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/[|*_`<>[\]\\]/g, ' ')
    .slice(0, 200);
}
