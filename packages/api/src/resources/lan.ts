import { network } from '../schema/common.ts';
import type { ResourceDefinition } from '../schema/definition.ts';
import { object } from '../schema/field.ts';
import type { Read } from '../schema/field.ts';
import type { Resource } from './resource.ts';

export const lanSpec = object(
  { subnet: network('The subnet. It never changes: another subnet is another LAN.') },
  {
    description: 'Which subnet it is.',
    rules: [
      {
        rule: 'self.subnet == oldSelf.subnet',
        message: 'the subnet of a LAN does not change; make another LAN and delete this one',
      },
    ],
  },
);

export type LANSpec = Read<typeof lanSpec>;

/** A subnet on which nodes have local interfaces. Its name is `lanName(subnet)`. */
export interface LAN extends Resource<'LAN'> {
  readonly spec: LANSpec;
}

export const lan: ResourceDefinition = {
  kind: 'LAN',
  singular: 'lan',
  plural: 'lans',
  shortNames: [],
  description:
    'LAN is a subnet on which nodes have local interfaces. Node agents make it and never remove it, so that the death of its last node turns no local address into a virtual one; delete it by hand when the subnet is gone for good.',
  spec: lanSpec,
  columns: [{ name: 'Subnet', type: 'string', jsonPath: '.spec.subnet' }],
};
