import type { ServiceView } from './service-view.ts';
import { formatTable } from './table.ts';

const HEAD = ['NAMESPACE', 'NAME', 'ADDRESSES', 'GROUP', 'ANNOUNCED BY', 'REASON'] as const;

function announcedBy({ addresses, holders }: ServiceView): string {
  return addresses.map((_, index) => holders[index] ?? 'route').join(',');
}

/** What `kubectl fairlead services` prints. */
export function formatServices(services: readonly ServiceView[]): string {
  if (services.length === 0) {
    return 'No Services that are, or were, in the hands of Fairlead.\n';
  }
  const rows = services
    .toSorted((a, b) => compare(a.namespace, b.namespace) || compare(a.name, b.name))
    .map((view) => [
      view.namespace,
      view.name,
      view.addresses.join(','),
      view.group,
      announcedBy(view),
      view.judgement?.reason ?? 'Waiting',
    ]);
  return formatTable(HEAD, rows);
}

function compare(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}
