import { choice, integer, list, listByKey, object, optional, record, set, text } from './field.ts';
import type { Field, Read } from './field.ts';

/** Fields that several resources share. */

const LABEL_VALUE = text({ description: 'Value of a label.', maxLength: 63 });

const SELECTOR_EXPRESSION = object(
  {
    key: text({ description: 'Name of the label.', minLength: 1, maxLength: 317 }),
    operator: choice(['In', 'NotIn', 'Exists', 'DoesNotExist'], { description: 'How the label is compared.' }),
    values: optional(
      set(LABEL_VALUE, {
        description: 'What the label is compared with: at least one for `In` and `NotIn`, none for the others.',
        maxItems: 64,
      }),
    ),
  },
  {
    description: 'One requirement.',
    rules: [
      {
        rule: "self.operator in ['In', 'NotIn'] ? has(self.values) && size(self.values) > 0 : !has(self.values) || size(self.values) == 0",
        message: 'In and NotIn take at least one of values; Exists and DoesNotExist take none',
      },
    ],
  },
);

/** A LabelSelector as everywhere in Kubernetes. `what` completes "Selects …; absent = …". */
export function labelSelector(description: string) {
  return object(
    {
      matchLabels: optional(
        record(LABEL_VALUE, { description: 'Labels that must have exactly these values.', maxProperties: 32 }),
      ),
      matchExpressions: optional(
        list(SELECTOR_EXPRESSION, { description: 'Requirements that must all hold.', maxItems: 32 }),
      ),
    },
    { description, atomic: true },
  );
}

/** A CEL expression: whether the text is a duration of ours. CEL's `duration()` reads every one that passes. */
export function isDuration(expression: string): string {
  return `(${expression} != '' && ${expression}.matches('^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,6}ms)?$'))`;
}

/** A CEL expression: whether a check holds that can be made on durations only; what is none has its own refusal. */
export function whereDurations(expressions: readonly string[], check: string): string {
  return [...expressions.map((expression) => `!${isDuration(expression)}`), check].join(' || ');
}

/** Bounds of a duration, both included, and whether the protocol behind it counts in whole seconds. */
interface DurationBounds {
  readonly minimum: string;
  readonly maximum: string;
  readonly wholeSeconds?: boolean;
}

/** A span of time as text, such as `500ms`, `9s`, `1m30s`, `24h`. */
export function duration(
  description: string,
  { minimum, maximum, wholeSeconds = false }: DurationBounds,
): Field<string, string, 'required'> {
  const bounds = `(duration(self) >= duration('${minimum}') && duration(self) <= duration('${maximum}'))`;
  return text({
    description,
    maxLength: 32,
    rules: [
      {
        rule: isDuration('self'),
        message: 'write a duration with units from h, m, s and ms, such as 500ms, 9s, 1m30s or 24h',
      },
      { rule: whereDurations(['self'], bounds), message: `write a duration from ${minimum} to ${maximum}` },
      ...(wholeSeconds ? [{ rule: "!self.endsWith('ms')", message: 'write whole seconds, such as 9s' }] : []),
    ],
  });
}

/** One address of either family. */
export function ipAddress(description: string): Field<string, string, 'required'> {
  return text({
    description,
    maxLength: 45,
    rules: [
      { rule: 'isIP(self)', message: 'write an IP address such as 192.0.2.1 or 2001:db8::1' },
      {
        rule: "!isIP(self) || !['0.0.0.0/8', '127.0.0.0/8', '224.0.0.0/3', '::/127', 'ff00::/8'].exists(n, cidr(n).containsIP(self))",
        message: 'write the address of one host: not unspecified, loopback, multicast or broadcast',
      },
    ],
  });
}

/** A network in CIDR form without host bits. */
export function network(description: string): Field<string, string, 'required'> {
  return text({
    description,
    maxLength: 49,
    rules: [
      { rule: 'isCIDR(self)', message: 'write a network such as 192.0.2.0/24 or 2001:db8::/64' },
      {
        rule: '!isCIDR(self) || cidr(self).masked() == cidr(self)',
        message: 'the address has bits set behind its prefix length; write the network address, such as 192.0.2.0/24',
      },
    ],
  });
}

/** What the kernel allows as the name of an interface, less what would need quoting in a router's configuration. */
const INTERFACE_NAME = '[A-Za-z0-9][A-Za-z0-9_.@-]{0,14}';

/** The name of one interface. */
export function interfaceName(description: string): Field<string, string, 'required'> {
  return text({
    description,
    maxLength: 15,
    rules: [
      {
        rule: `self.matches('^${INTERFACE_NAME}$')`,
        message: 'write the name of an interface, such as eth0 or bond0.100',
      },
    ],
  });
}

/** Interfaces of whichever node reads it. */
export function interfaceSelectors(description: string) {
  return set(
    text({
      description:
        'Name of an interface, `/REGULAR EXPRESSION/` that matches somewhere in names (`^` and `$` tie it down), or `default`: the one of the default route.',
      maxLength: 64,
      rules: [
        {
          rule: `self.matches('^(${INTERFACE_NAME}|/.{1,62}/)$')`,
          message: 'write the name of an interface, /a regular expression/ between slashes, or default',
        },
      ],
    }),
    { description, minItems: 1, maxItems: 16 },
  );
}

/** The name of a Secret in the release's namespace. */
export function secretName(description: string): Field<string, string, 'required'> {
  return text({
    description,
    maxLength: 253,
    rules: [
      {
        rule: "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$')",
        message: 'write the name of a Secret in the namespace of the release, without a namespace',
      },
    ],
  });
}

/** A moment (RFC 3339). */
export function time(description: string): Field<string, string, 'required'> {
  return text({ description, maxLength: 40, format: 'date-time' });
}

const CONDITION = object(
  {
    type: text({ description: 'What the condition is about.', minLength: 1, maxLength: 316 }),
    status: choice(['True', 'False', 'Unknown'], { description: 'Whether it holds.' }),
    reason: text({ description: 'Why, in one CamelCase word.', minLength: 1, maxLength: 1024 }),
    message: text({ description: 'Why, in a sentence.', maxLength: 32768 }),
    lastTransitionTime: time('When `status` last changed.'),
    observedGeneration: optional(
      integer({
        description: 'The `metadata.generation` that was judged.',
        minimum: 0,
        maximum: Number.MAX_SAFE_INTEGER,
      }),
    ),
  },
  { description: 'A condition as everywhere in Kubernetes.' },
);

/** A condition of a custom resource. */
export type Condition = Read<typeof CONDITION>;

/** Conditions by type. */
export function conditions(description: string) {
  return listByKey(CONDITION, { key: 'type', description, maxItems: 16 });
}
