import { now } from '@fairlead/e2e/lab';
import type { Lab } from '@fairlead/e2e/lab';
import type { IPFamily } from '@fairlead/api';
import { service } from '../../scene/manifests.ts';
import type { GroupName } from '../../scene/manifests.ts';
import { createService, deleteService } from '../../scene/observe.ts';
import { quantile } from '../figures.ts';
import type { Figure } from '../figures.ts';
import type { Witnesses } from './witnesses.ts';

/** Services that are measured one after the other. */
const SAMPLES = 30;
/** The first ones warm up what is compiled at run time. */
const WARM_UP = 5;

interface Sample {
  /** From the create as this process saw it to the address in the status. */
  readonly status: number;
  /** The API server's own create, as the client saw it. */
  readonly create: number;
  /** From the status on. */
  readonly onInterface: number;
  readonly inTor: number;
  readonly onTheWire: number;
}

/** One Service after the other on an idle cluster: medians of each leg of its way. */
export async function measureSingle(
  lab: Lab,
  witnesses: Witnesses,
  options: { readonly group: GroupName; readonly family: IPFamily },
): Promise<Figure[]> {
  const samples: Sample[] = [];
  for (let index = 0; index < SAMPLES + WARM_UP; index += 1) {
    const sample = await measureOne(lab, witnesses, {
      ...options,
      name: `one-${options.group}-${options.family.toLowerCase()}-${index}`,
    });
    if (index >= WARM_UP) {
      samples.push(sample);
    }
  }
  return figures(samples, options);
}

async function measureOne(
  lab: Lab,
  witnesses: Witnesses,
  options: { readonly group: GroupName; readonly family: IPFamily; readonly name: string },
): Promise<Sample> {
  const { group, family, name } = options;
  const asked = now();
  await createService(lab, service({ name, group, families: family, app: 'nothing' }));
  const answered = now();
  const [seen, { at, address }] = await Promise.all([witnesses.created.of(name), witnesses.assigned.of(name)]);
  const local = group === 'lan';
  const [interfaceAt, torAt, wireAt] = await Promise.all([
    witnesses.onInterface.of(address),
    local ? at : witnesses.inTor.of(address),
    local ? witnesses.onTheWire.of(address) : at,
  ]);
  await deleteService(lab, name);
  return {
    create: answered - asked,
    status: at - Math.min(seen, answered),
    onInterface: interfaceAt - at,
    inTor: torAt - at,
    onTheWire: wireAt - at,
  };
}

function figures(
  samples: readonly Sample[],
  { group, family }: { readonly group: GroupName; readonly family: IPFamily },
): Figure[] {
  const median = (leg: keyof Sample): number =>
    quantile(
      samples.map((sample) => sample[leg]),
      0.5,
    );
  const what = `one ${group === 'lan' ? 'local' : 'virtual'} ${family} Service, p50:`;
  const status: Figure = {
    what: `${what} create → address in its status`,
    value: median('status'),
    unit: 'ms',
    atMost: 6,
    floor: { what: 'the create itself', value: median('create') },
  };
  return group === 'lan'
    ? [
        status,
        {
          what: `${what} status → told to the LAN, with the proof that nobody has it`,
          value: median('onTheWire'),
          unit: 'ms',
          atMost: 130,
        },
      ]
    : [
        status,
        { what: `${what} status → on kube-lb0`, value: median('onInterface'), unit: 'ms', atMost: 2 },
        { what: `${what} status → route in the ToR`, value: median('inTor'), unit: 'ms', atMost: 4 },
      ];
}
