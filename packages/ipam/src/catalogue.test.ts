import { array, assert, constantFrom, integer, oneof, property, record, string } from 'fast-check';
import { AllocationEngine } from './engine.ts';
import { groupView, serviceView } from './test-cluster.ts';

const SAMPLES = [
  '192.0.2.10',
  '192.0.2.0/30',
  '192.0.2.1-192.0.2.9',
  '198.51.100.0/31',
  '2001:db8::/126',
  '2001:db8::1-2001:db8::9',
  '2001:db8::1',
];

/** A sample with something cut out and something put in; often nothing at all. */
const text = record({
  sample: constantFrom(...SAMPLES),
  from: integer({ min: 0, max: 25 }),
  cut: integer({ min: 0, max: 1 }),
  piece: oneof(
    { weight: 3, arbitrary: constantFrom('') },
    { weight: 1, arbitrary: constantFrom('0', '/', '-', ':') },
    { weight: 1, arbitrary: string({ unit: 'binary', maxLength: 4 }) },
  ),
}).map(({ sample, from, cut, piece }) => sample.slice(0, from) + piece + sample.slice(from + cut));

const pool = record(
  { range: text, subnet: text, exclude: array(text, { maxLength: 2 }), avoidBuggyIPs: constantFrom(true, false) },
  { requiredKeys: ['range'] },
);

describe('groups, whatever their pools say', () => {
  it('give what can be read, and say of the rest in a sentence why they do not', () => {
    let valid = 0;
    let refused = 0;
    assert(
      property(array(pool, { minLength: 1, maxLength: 3 }), array(pool, { maxLength: 3 }), (older, younger) => {
        const engine = new AllocationEngine({
          groups: [
            groupView('old', { pools: older, createdAt: 1 }),
            groupView('young', { pools: younger, createdAt: 2 }),
          ],
          services: [],
          namespaces: [['default', {}]],
        });
        for (const family of ['IPv4', 'IPv6'] as const) {
          for (let index = 0; index < 3; index += 1) {
            const service = serviceView(`${family}-${index}`, { families: [family] });
            engine.apply({ type: 'service-upserted', service });
            const verdict = engine.verdict(service.key);
            expect(
              verdict?.kind === 'allocated' && (verdict.addresses.length === 1) !== (verdict.refusal !== undefined),
            ).toBe(true);
          }
        }
        for (const name of ['old', 'young']) {
          const status = engine.groupStatus(name);
          const ready = status?.conditions.find(({ type }) => type === 'Ready');
          const message = ready?.message ?? '';
          valid += ready?.status === 'True' ? 1 : 0;
          refused += ready?.status === 'True' ? 0 : 1;
          expect(message.length).toBeGreaterThan(10);
          expect(message.length).toBeLessThan(32_768);
          expect(message).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
          expect(message.isWellFormed()).toBe(true);
          expect(BigInt(status?.availableIPv4 ?? -1) >= 0n && BigInt(status?.availableIPv6 ?? -1) >= 0n).toBe(true);
        }
      }),
      { numRuns: 800 },
    );
    // Both have come about often enough to mean something.
    expect(Math.min(valid, refused)).toBeGreaterThan(80);
  });
});
