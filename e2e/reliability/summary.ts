import { formatNumber, quantile } from '../bench/figures.ts';
import type { Result } from './measure.ts';
import type { Bounds, Outcome, Subject } from './scenario.ts';

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
    ...over('connections lost', distributionOf(outcomes, connectionsLost)?.max, promised.lost, ''),
    ...over('gap', distributionOf(outcomes, ({ gapMs }) => gapMs)?.p99, promised.gapMs),
    ...over('overlap', distributionOf(outcomes, ({ overlapMs }) => overlapMs)?.max, promised.overlapMs),
    ...over('one holder after', distributionOf(outcomes, ({ settledMs }) => settledMs)?.max, promised.settledMs),
    ...over('routes right after', distributionOf(outcomes, ({ routesMs }) => routesMs)?.max, promised.routesMs),
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

/** A column of a table: its header, and what it has of a result. Four figures are the least, the median, the p99 and the most. */
type Column = readonly [header: string, cell: (result: Result, date: string) => string];

function column(header: string, of: (outcome: Outcome) => number | undefined): Column {
  return [header, ({ outcomes }) => cell(distributionOf(outcomes, of))];
}

const FIRST: readonly Column[] = [
  ['Scenario', ({ scenario }) => scenario.name],
  ['What is done', ({ scenario }) => scenario.what],
  ['Promised', ({ scenario }) => promiseInWords(scenario.promised)],
  ['Times', ({ outcomes, failures }) => String(outcomes.length + failures.length)],
  column('Lost probes', ({ lost }) => lost),
  column('Gap, ms', ({ gapMs }) => gapMs),
];

const LAST: readonly Column[] = [
  column('Probe late, ms', ({ probeLateMs }) => probeLateMs),
  ['Wrong', (result) => brokenPromises(result).map(withoutMarkup).join('; ') || 'nothing'],
  ['Others', ({ scenario }) => scenario.others ?? ''],
  ['On', (_, date) => date],
];

const COLUMNS: Readonly<Record<Subject, readonly Column[]>> = {
  local: [
    ...FIRST,
    column('Overlap, ms', ({ overlapMs }) => overlapMs),
    column('One holder after, ms', ({ settledMs }) => settledMs),
    ...LAST,
  ],
  virtual: [
    ...FIRST,
    column('Lost connections', connectionsLost),
    column('Slowest connection, ms', ({ connections }) => connections?.slowestMs),
    column('Routes right after, ms', ({ routesMs }) => routesMs),
    ...LAST,
  ],
};

/** The header of the table of these addresses. */
export function headerOf(subject: Subject): string[] {
  return COLUMNS[subject].map(([header]) => header);
}

/** A scenario's row of its table. `date` is when it was measured. */
export function rowOf(result: Result, date: string): string[] {
  return COLUMNS[result.scenario.subject ?? 'local'].map(([, of]) => of(result, date));
}

function connectionsLost({ connections }: Outcome): number | undefined {
  return connections?.lost;
}

function promiseInWords({ lost, gapMs, overlapMs, settledMs, routesMs }: Bounds): string {
  return [
    ...(lost === undefined ? [] : [`${lost} lost`]),
    ...(gapMs === undefined ? [] : [`gap under ${gapMs} ms`]),
    ...(overlapMs === undefined ? [] : [overlapMs === 0 ? 'no overlap' : `overlap at most ${overlapMs} ms`]),
    ...(settledMs === undefined ? [] : [`one holder within ${settledMs} ms`]),
    ...(routesMs === undefined ? [] : [`routes right within ${routesMs} ms`]),
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
