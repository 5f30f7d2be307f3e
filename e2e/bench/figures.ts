/** One measured figure, beside what it is compared with. */
export interface Figure {
  /** What was measured, in words that stand alone: `one Service, virtual: status → kube-lb0, p50`. */
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  /** The same work without Fairlead, on this machine in this run. */
  readonly floor?: { readonly what: string; readonly value: number };
  /** The value must not be above this; in the unit of `value`. */
  readonly atMost?: number;
  /** The value must not be below this; in the unit of `value`. */
  readonly atLeast?: number;
}

export type Unit = 'ms' | 's' | 'MiB' | '% of a core' | 'per second' | 'requests' | 'times' | 'frames per second';

/** Whether the figure keeps the bound that it was given; true where it has none. */
export function keepsItsBound(figure: Figure): boolean {
  return (
    (figure.atMost === undefined || figure.value <= figure.atMost) &&
    (figure.atLeast === undefined || figure.value >= figure.atLeast)
  );
}

/** A number with as many digits as a reader needs: three significant ones, whole numbers above 100. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) {
    return String(value);
  }
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** Rows of a Markdown table, the header first. */
export function figureRows(figures: readonly Figure[]): string[][] {
  return [
    ['What', 'Measured', 'Floor in the same run', 'Bound', ''],
    ...figures.map((figure) => [
      figure.what,
      `${formatNumber(figure.value)} ${figure.unit}`,
      figure.floor === undefined ? '' : `${formatNumber(figure.floor.value)} ${figure.unit} (${figure.floor.what})`,
      bound(figure),
      keepsItsBound(figure) ? '' : 'missed',
    ]),
  ];
}

/** The p-quantile of samples by the nearest-rank method, 0 < p ≤ 1. Throws a RangeError without samples. */
export function quantile(samples: readonly number[], p: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * p) - 1)];
  if (value === undefined) {
    throw new RangeError('a quantile needs at least one sample');
  }
  return value;
}

/** Columns padded to the same width, for the terminal and for Markdown alike. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>((all, row) => row.map((cell, i) => Math.max(all[i] ?? 3, cell.length)), []);
  const line = (row: readonly string[]): string => `| ${row.map((c, i) => c.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const [header = [], ...body] = rows;
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...body.map(line)].join('\n');
}

function bound(figure: Figure): string {
  if (figure.atMost !== undefined) {
    return `≤ ${formatNumber(figure.atMost)}`;
  }
  return figure.atLeast === undefined ? '' : `≥ ${formatNumber(figure.atLeast)}`;
}
