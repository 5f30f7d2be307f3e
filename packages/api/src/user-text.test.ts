import { array, assert, constantFrom, dictionary, integer, oneof, property, record, string, tuple } from 'fast-check';
import type { Arbitrary } from 'fast-check';
import { AddressError, formatAddress, parseAddress, parsePrefix } from './address.ts';
import { DurationError, parseDuration } from './duration.ts';
import { quote } from './quote.ts';
import { formatAddressRange, parseAddressRange } from './range.ts';
import type { ServiceGroupSpec } from './resources/service-group.ts';
import { matchesSelector } from './selector.ts';
import { validateServiceGroup } from './validation/service-group.ts';

/** What users write, right and nearly so. */
const SAMPLES = [
  '192.0.2.10',
  '192.0.2.0/24',
  '192.0.2.10-192.0.2.99',
  '2001:db8::10',
  '2001:db8::/64',
  '2001:db8::1-2001:db8::ffff',
  '::ffff:192.0.2.1',
  '64:ff9b::192.0.2.33',
  'fe80::1%eth0',
  '010.0.0.1',
  '0x7f.1',
  '1m30s',
  '500ms',
  'default',
  '/64',
];

const PIECES = [
  '',
  ' ',
  '\n',
  '\0',
  '\u001b[2J',
  '\u202e',
  '\ud800',
  '🦑',
  '/',
  '-',
  ':',
  '::',
  '.',
  '%',
  '0',
  '00',
  '-1',
  '9'.repeat(400),
];

const anything = oneof(
  string({ unit: 'binary' }),
  string({ unit: 'grapheme' }),
  constantFrom('x', '0', ':', '.', '\u202e', '🦑').map((piece) => piece.repeat(40_000)),
);

/** A sample with something cut out and something put in. */
const nearly: Arbitrary<string> = record({
  sample: constantFrom(...SAMPLES),
  from: integer({ min: 0, max: 20 }),
  cut: integer({ min: 0, max: 3 }),
  piece: oneof(constantFrom(...PIECES), anything),
}).map(({ sample, from, cut, piece }) => sample.slice(0, from) + piece + sample.slice(from + cut));

const text = oneof({ weight: 1, arbitrary: anything }, { weight: 3, arbitrary: nearly });

/** Whether a text can be shown to anybody: short, whole, without what moves the cursor, and with something to do in it. */
function isSentence(message: string): boolean {
  return (
    message.length > 20 &&
    message.length < 1_000 &&
    message.isWellFormed() &&
    !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(message) &&
    /\b(write|shorten|leave|correct)\b/.test(message)
  );
}

/** What the reader makes of the text, which may be nothing but a value or a sentence. */
function read<T>(parse: (text: string) => T, of: string): T | undefined {
  try {
    return parse(of);
  } catch (error) {
    if (!(error instanceof AddressError || error instanceof DurationError)) {
      throw error;
    }
    expect([of, error.message, isSentence(error.message)]).toEqual([of, error.message, true]);
    return undefined;
  }
}

describe('text that a user can write', () => {
  it('is an address, a network, a range, a duration, or a sentence that says what to write', () => {
    assert(
      property(text, (written) => {
        const address = read(parseAddress, written);
        expect(address === undefined || parseAddress(formatAddress(address))).toEqual(address ?? true);
        const range = read(parseAddressRange, written);
        expect(range === undefined || parseAddressRange(formatAddressRange(range))).toEqual(range ?? true);
        expect(read(parsePrefix, written)?.length ?? 0).toBeLessThanOrEqual(128);
        expect(read(parseDuration, written) ?? 0).toBeGreaterThanOrEqual(0);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is short, whole and visible once it is quoted', () => {
    assert(
      property(text, (written) => {
        const quoted = quote(written);
        expect(quoted.length).toBeLessThan(500);
        expect(quoted.isWellFormed()).toBe(true);
        expect(quoted).toMatch(/^"[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*"$/u);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['web', '"web"'],
    ['a "b" \\', '"a \\"b\\" \\\\"'],
    ['\u001b[2J\u0085\u007f', '"\\u001b[2J\\u0085\\u007f"'],
    ['\u202edlrow', '"\\u202edlrow"'],
    ['\u{e0001}', '"\\udb40\\udc01"'],
    ['x'.repeat(100), `"${'x'.repeat(80)}…"`],
  ])('%j is quoted as %s', (written, quoted) => {
    expect(quote(written)).toBe(quoted);
  });

  it('makes a group valid, or each of its problems a sentence', () => {
    const pool = record(
      {
        range: text,
        subnet: text,
        aggregation: text,
        exclude: array(text, { maxLength: 3 }),
        avoidBuggyIPs: constantFrom(true, false),
      },
      { requiredKeys: ['range', 'avoidBuggyIPs'] },
    );
    const interfaces = array(
      oneof(
        text,
        text.map((pattern) => `/${pattern}/`),
      ),
      { maxLength: 2 },
    );
    assert(
      property(array(pool, { maxLength: 4 }), interfaces, (pools, patterns) => {
        const spec: ServiceGroupSpec = {
          pools,
          assign: { auto: true, priority: 0, sharing: 'Cluster' },
          draining: false,
          announce: {
            mode: 'Auto',
            takeBack: 'Never',
            onConflict: 'Defend',
            takeOver: 'WhenSilent',
            interfaces: patterns,
          },
        };
        for (const { sentence, path } of validateServiceGroup(spec)) {
          expect([sentence, path.startsWith('spec.') && isSentence(sentence)]).toEqual([sentence, true]);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('selects or does not, whatever stands in a selector and in labels', () => {
    const short = oneof(constantFrom('a', 'b', '', ...PIECES), string({ unit: 'binary' }));
    const key = oneof(constantFrom('app', '__proto__', 'constructor', 'toString'), short);
    const labels = dictionary(key, short);
    const expression = record({
      key,
      operator: constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: array(short, { maxLength: 2 }),
    });
    assert(
      property(
        tuple(labels, array(expression, { maxLength: 2 })),
        labels,
        ([matchLabels, matchExpressions], present) => {
          const selected = matchesSelector({ matchLabels, matchExpressions }, present);
          const has = (label: string): boolean => Object.keys(present).includes(label);
          const expected =
            Object.entries(matchLabels).every(([label, value]) => has(label) && present[label] === value) &&
            matchExpressions.every(({ key: label, operator, values }) => {
              const isIn = has(label) && values.includes(present[label] ?? '');
              return { In: isIn, NotIn: !isIn, Exists: has(label), DoesNotExist: !has(label) }[operator];
            });
          expect(selected).toBe(expected);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
