import type { RouterSpec } from '@fairlead/api';
import { checkedAt, PlacedProblem, problemAt, within } from './collect.ts';
import type { Place } from './collect.ts';
import { asNumber, NOTHING, ValueError } from './printable.ts';
import type { Printable } from './printable.ts';

/**
 * The AS number of a node: that of the label which the Router names, where the Node has it, else that of the Router;
 * nothing where neither is written and BGP is not asked for.
 * @param place of the spec
 * @throws {PlacedProblem} where the number is none, or BGP has none
 */
export function localASN(
  { asn, asnLabel, bgp }: Pick<RouterSpec, 'asn' | 'asnLabel' | 'bgp'>,
  place: Place,
  node: { readonly name: string; readonly labels?: Readonly<Record<string, string>> },
): Printable {
  const labelled = asnLabel === undefined ? undefined : node.labels?.[asnLabel];
  if (asnLabel !== undefined && labelled !== undefined) {
    const label: Place = { object: { kind: 'Node', name: node.name }, path: `metadata.labels[${asnLabel}]` };
    return checkedAt(label, () => readASN(labelled));
  }
  if (asn !== undefined) {
    return checkedAt(within(place, 'asn'), () => asNumber(asn));
  }
  if (bgp === undefined) {
    return NOTHING;
  }
  const sentence =
    asnLabel === undefined
      ? 'bgp needs our AS number; write asn'
      : `the Node ${node.name} has no label ${asnLabel}, which is to hold its AS number; label it, or write asn for nodes without`;
  throw new PlacedProblem(problemAt(within(place, 'asn'), 'ASNMissing', sentence));
}

function readASN(text: string): Printable {
  if (!/^[1-9]\d{0,9}$/.test(text)) {
    throw new ValueError(`${JSON.stringify(text)} is not an AS number; write digits only, such as 64512`);
  }
  return asNumber(Number(text));
}
