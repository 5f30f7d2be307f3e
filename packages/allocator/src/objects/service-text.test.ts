import { array, assert, constantFrom, integer, oneof, option, property, record, string } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { AllocationEngine, conditionText } from '@fairlead/ipam';
import type { GroupView } from '@fairlead/ipam';
import type { Service } from '@fairlead/kube';
import { refusalEvent } from '../service/write.ts';
import { projectService } from './service.ts';

const OURS = { loadBalancerClass: 'fairlead.dev/fairlead', isDefaultClass: false };

/** The limit of the API for a condition's message, and for the note of an event. */
const LONGEST_MESSAGE = 32_768;
const LONGEST_NOTE_BYTES = 1_024;

/** What users write into annotations, right and nearly so. */
const SAMPLES = [
  '192.0.2.1',
  '192.0.2.1, 2001:db8::1',
  ' ,192.0.2.4,, ',
  '192.0.2.0/24',
  '010.0.0.1',
  'lan',
  'edge',
  'true',
  'key',
];
const PIECES = [
  '',
  ' ',
  ',',
  '\n',
  '\0',
  '\u001b[2J',
  '\u0085',
  '\u202e',
  '\ud800',
  '🦑',
  '%eth0',
  '0',
  '::ffff:',
  '"',
  '\\',
];

const anything = oneof(
  string({ unit: 'binary' }),
  string({ unit: 'grapheme' }),
  constantFrom('x', '0', ',', '\u202e', '192.0.2.1,', '🦑').map((piece) => piece.repeat(40_000)),
);

/** A sample with something cut out and something put in. */
const nearly: Arbitrary<string> = record({
  sample: constantFrom(...SAMPLES),
  from: integer({ min: 0, max: 25 }),
  cut: integer({ min: 0, max: 2 }),
  piece: oneof(constantFrom(...PIECES), anything),
}).map(({ sample, from, cut, piece }) => sample.slice(0, from) + piece + sample.slice(from + cut));

const text = oneof(
  { weight: 2, arbitrary: constantFrom(...SAMPLES) },
  { weight: 3, arbitrary: nearly },
  { weight: 1, arbitrary: anything },
);

const maybe = option(text, { nil: undefined, freq: 2 });

const written = record({
  group: maybe,
  addresses: maybe,
  sharingKey: maybe,
  reallocate: maybe,
  loadBalancerIP: maybe,
  families: option(array(oneof(constantFrom('IPv4', 'IPv6'), text), { maxLength: 3 }), { nil: undefined }),
  policy: option(oneof(constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'), text), { nil: undefined }),
  traffic: option(oneof(constantFrom('Cluster', 'Local'), text), { nil: undefined }),
  ports: option(array(integer({ min: 1, max: 65_535 }), { maxLength: 3 }), { nil: undefined }),
  label: nearly,
  /** What stands in `status` and in the annotation that is ours, whoever wrote it. */
  allocatedFrom: maybe,
  ingress: array(text, { maxLength: 2 }),
});

type Written = typeof written extends Arbitrary<infer T> ? T : never;

function annotations({ group, addresses, sharingKey, reallocate, allocatedFrom }: Written): Record<string, string> {
  const all = {
    [SERVICE_ANNOTATIONS.serviceGroup]: group,
    [SERVICE_ANNOTATIONS.addresses]: addresses,
    [SERVICE_ANNOTATIONS.allowSharedIP]: sharingKey,
    [SERVICE_ANNOTATIONS.reallocate]: reallocate,
    [ALLOCATOR_ANNOTATIONS.allocatedFrom]: allocatedFrom,
  };
  return Object.fromEntries(
    Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const])),
  );
}

function serviceOf(name: string, one: Written): Service {
  const { loadBalancerIP, families, policy, traffic, ports, label, ingress } = one;
  return {
    metadata: { name, namespace: 'shop', uid: name, annotations: annotations(one), labels: { app: label } },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: OURS.loadBalancerClass,
      selector: { app: label },
      ...(loadBalancerIP !== undefined && { loadBalancerIP }),
      ...(families !== undefined && { ipFamilies: families }),
      ...(policy !== undefined && { ipFamilyPolicy: policy }),
      ...(traffic !== undefined && { externalTrafficPolicy: traffic }),
      ...(ports !== undefined && { ports: ports.map((port) => ({ port })) }),
    },
    status: { loadBalancer: { ingress: ingress.map((ip) => ({ ip })) } },
  };
}

function groupOf(name: string, ranges: readonly string[]): GroupView {
  return {
    name,
    uid: name,
    createdAt: 0,
    spec: {
      pools: ranges.map((range) => ({ range, avoidBuggyIPs: true })),
      assign: { auto: name === 'lan', priority: 0, sharing: 'Namespace' },
      draining: false,
      announce: { mode: 'Auto', takeBack: 'Never', onConflict: 'Defend', takeOver: 'WhenSilent' },
    },
  };
}

/** What is wrong with a text that everybody is to read; empty when nothing is. */
function faultsOf(message: string): string[] {
  return [
    ...(message.length < 10 ? ['says nothing'] : []),
    ...(message.length > LONGEST_MESSAGE ? ['is longer than a condition may be'] : []),
    ...(message.isWellFormed() ? [] : ['is no whole text']),
    ...(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(message) ? ['moves the cursor'] : []),
  ];
}

const TO_DO = /\b(write|leave|ask for|correct|make|add|name|move|change|mend|give|nothing is to be done)\b/i;

describe('a Service, whatever stands in it,', () => {
  it('has an address, or a sentence that says why not and what to do', () => {
    const groups = [groupOf('lan', ['192.0.2.1-192.0.2.2', '2001:db8::/127']), groupOf('edge', ['198.51.100.1'])];
    assert(
      property(array(written, { minLength: 1, maxLength: 4 }), (all) => {
        const engine = new AllocationEngine({ groups, services: [], namespaces: [['shop', {}]] });
        const views = all.flatMap((one, index) => projectService(serviceOf(`s${index}`, one), OURS) ?? []);
        expect(views).toHaveLength(all.length);
        for (const service of views) {
          engine.apply({ type: 'service-upserted', service });
        }
        for (const view of views) {
          const verdict = engine.verdict(view.key);
          if (verdict?.kind !== 'allocated') {
            throw new Error(`nothing is said of ${view.key}`);
          }
          const { refusal } = verdict;
          const { message, status } = conditionText(verdict);
          expect([message.slice(0, 2_000), faultsOf(message)]).toEqual([message.slice(0, 2_000), []]);
          expect(status).toBe(refusal === undefined ? 'True' : 'False');
          expect(refusal !== undefined || verdict.addresses.length > 0).toBe(true);
          if (refusal !== undefined) {
            expect(refusal.sentence).toMatch(TO_DO);
            const { note } = refusalEvent(view, refusal, 'topic');
            expect(faultsOf(note)).toEqual([]);
            expect(Buffer.byteLength(note)).toBeLessThanOrEqual(LONGEST_NOTE_BYTES);
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
