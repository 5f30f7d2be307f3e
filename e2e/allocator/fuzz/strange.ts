import { ALLOCATOR_ANNOTATIONS, SERVICE_ANNOTATIONS } from '@fairlead/api';
import { constantFrom, integer, oneof, record, string, tuple, uniqueArray } from 'fast-check';
import type { Arbitrary } from 'fast-check';

/** What has broken a program before, or looks like a fine value and is none. */
const ODD_TEXTS = [
  '',
  ' ',
  ',',
  ' , ,, ',
  '0',
  '-',
  '/',
  ':',
  '::',
  '::%eth0',
  'fe80::1%eth0',
  '::ffff:192.0.2.1',
  '192.0.2.1',
  '192.0.2.01',
  '192.0.2.256',
  '192.0.2',
  '192.0.2.1.',
  '192.0.2.1/24',
  '192.0.2.1/33',
  '192.0.2.0/024',
  '192.0.2.1-192.0.2.0',
  '192.0.2.1-2001:db8::1',
  '192.0.2.1 - 192.0.2.9',
  '192.0.2.1-192.0.2.5-192.0.2.9',
  '255.255.255.255',
  '0x7f.1',
  '2130706433',
  '1e3',
  '١٩٢.٠.٢.١',
  '192。0。2。1',
  '2001:db8::1::1',
  '2001:DB8::00001',
  '[2001:db8::1]',
  '2001:db8::/129',
  'localhost',
  'null',
  'true',
  'undefined',
  'NaN',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '${jndi:ldap://x}',
  '{{constructor}}',
  '%s%n%p',
  '"',
  "'",
  '\\',
  '`$(true)`',
  '(((((((((((a+)+)+)+)+)+)+)+)+)+)+',
  '\u0000',
  '\n\r\t',
  '\u202e\u200b',
  '\ud800',
  '🙂'.repeat(40),
  'a'.repeat(64),
  'a'.repeat(254),
  '9'.repeat(300),
  '192.0.2.1,'.repeat(2_000),
  'x'.repeat(70_000),
] as const;

/** A fine value with one character changed, dropped or added. */
function spoiled(good: readonly string[]): Arbitrary<string> {
  const position = integer({ min: 0, max: 40 });
  const character = constantFrom('0', 'f', '9', ':', '.', '/', '-', ',', '%', ' ', 'é', '\u0000');
  return tuple(constantFrom(...good), position, character, constantFrom('change', 'drop', 'add')).map(
    ([text, at, other, how]) => {
      const index = Math.min(at, text.length);
      const rest = text.slice(how === 'add' ? index : index + 1);
      return `${text.slice(0, index)}${how === 'drop' ? '' : other}${rest}`;
    },
  );
}

/** Any text that a user could write where one of these is meant. */
function textLike(...good: readonly string[]): Arbitrary<string> {
  return oneof(
    constantFrom(...good),
    spoiled(good),
    constantFrom(...ODD_TEXTS),
    string({ unit: 'binary', maxLength: 30 }),
    string({ maxLength: 30 }),
  );
}

/** The same where the API server looks at it: mostly fine, or nothing would ever pass. */
function checkedText(...good: readonly string[]): Arbitrary<string> {
  return oneof({ weight: 9, arbitrary: constantFrom(...good) }, { weight: 1, arbitrary: textLike(...good) });
}

/** Some of the fields, each as often there as not. */
function some(fields: Readonly<Record<string, Arbitrary<unknown>>>): Arbitrary<Record<string, unknown>> {
  return record(fields, { requiredKeys: [] });
}

/** One time in four. */
function rarely(value: Arbitrary<unknown>): Arbitrary<unknown> {
  return oneof({ weight: 3, arbitrary: constantFrom(undefined) }, { weight: 1, arbitrary: value });
}

/** Up to so many different values. */
function several<T>(value: Arbitrary<T>, maxLength: number, minLength = 0): Arbitrary<T[]> {
  return uniqueArray(value, { minLength, maxLength, selector: (item) => JSON.stringify(item) });
}

const addresses = textLike('192.0.2.10', '192.0.2.10, 2001:db8::10', '2001:db8::10', '198.51.100.7');
const labels = several(tuple(checkedText('web', 'app', 'example.com/team'), checkedText('', 'web', 'A_b.c')), 2).map(
  (pairs): Record<string, string> => Object.fromEntries(pairs),
);

/** The name of a strange group by its number. */
export function groupName(index: number): string {
  return `g-${index}`;
}

const strangeGroupName = integer({ min: 0, max: 20 }).map(groupName);

/** Annotations and spec of a Service with strange texts wherever the allocator reads one. */
export const strangeService: Arbitrary<{ readonly annotations: object; readonly spec: object }> = record({
  annotations: some({
    [SERVICE_ANNOTATIONS.serviceGroup]: oneof(strangeGroupName, textLike('fuzzed', 'nowhere')),
    [SERVICE_ANNOTATIONS.addresses]: addresses,
    [SERVICE_ANNOTATIONS.allowSharedIP]: textLike('key', 'other'),
    [SERVICE_ANNOTATIONS.reallocate]: textLike('true', 'false'),
    [ALLOCATOR_ANNOTATIONS.allocatedFrom]: textLike('fuzzed', 'netbox:fuzzed'),
    [ALLOCATOR_ANNOTATIONS.reason]: textLike('because'),
    [ALLOCATOR_ANNOTATIONS.announcedBy]: textLike('node-1/eth0'),
  }),
  spec: some({
    loadBalancerIP: oneof(addresses, constantFrom(undefined)),
    selector: labels,
    externalTrafficPolicy: constantFrom('Cluster', 'Local'),
    ipFamilyPolicy: constantFrom('SingleStack', 'PreferDualStack', 'RequireDualStack'),
    ipFamilies: constantFrom(['IPv4'], ['IPv6'], undefined),
  }),
});

/** Ranges that pass the API server, fine and senseless ones; and others. */
const range = oneof(
  {
    weight: 6,
    arbitrary: tuple(integer({ max: 255, min: 0 }), integer({ max: 255, min: 0 })).map(([a, b]) => `10.${a}.${b}.0/24`),
  },
  {
    weight: 4,
    arbitrary: checkedText(
      '10.0.0.0/8',
      '10.1.1.9-10.1.1.1',
      '10.1.1.1',
      '1.0.0.0-223.255.255.255',
      '1.0.0.0-239.0.0.0',
      '2001:db8:1::/64',
      '2001:db8::/32',
      '1::-2001:db8::1',
    ),
  },
);

const pool = record(
  {
    range,
    subnet: rarely(checkedText('10.0.0.0/8', '2001:db8::/32')),
    aggregation: rarely(checkedText('/24', '/64', '/32', '/128')),
    exclude: rarely(several(range, 2)),
    avoidBuggyIPs: constantFrom(true, false),
  },
  { requiredKeys: ['range'] },
);

const selector = some({
  matchLabels: labels,
  matchExpressions: several(
    oneof(
      record({
        key: checkedText('app'),
        operator: checkedText('In', 'NotIn'),
        values: several(checkedText('a', 'b'), 2, 1),
      }),
      record({ key: checkedText('app'), operator: checkedText('Exists', 'DoesNotExist') }),
    ),
    2,
  ),
});

const source = oneof(
  { weight: 9, arbitrary: several(pool, 2, 1).map((pools): object => ({ pools })) },
  {
    weight: 1,
    arbitrary: record({ secret: checkedText('netbox'), from: record({ tag: checkedText('lan') }) }).map(
      (netbox): object => ({ netbox }),
    ),
  },
);

const rest = record(
  {
    assign: record(
      {
        auto: constantFrom(false),
        namespaceSelector: selector,
        serviceSelector: selector,
        sharing: checkedText('Cluster', 'Namespace'),
      },
      { requiredKeys: ['auto'] },
    ),
    draining: constantFrom(true, false),
    announce: some({
      mode: checkedText('Auto', 'Local', 'Virtual'),
      takeBack: checkedText('Never', '30s'),
      interfaces: several(checkedText('eth0', '/^en/', '/(/', 'default'), 2, 1),
    }),
    bgp: some({ communities: several(checkedText('64512:100', '64512:1:2'), 2) }),
  },
  { requiredKeys: ['assign'] },
);

/** The spec of a ServiceGroup, for those who name it, with strange texts in it. */
export const strangeGroup: Arbitrary<object> = tuple(source, rest).map(
  (parts) => Object.assign({}, ...parts) as object,
);
