import type { StructuralSchema } from '../schema/field.ts';
import { code } from './markdown.ts';

/** One field of a resource, as a row of its reference page. */
export interface FieldRow {
  /** Such as `spec.pools[].range`. */
  readonly path: string;
  readonly schema: StructuralSchema;
  readonly required: boolean;
}

/** Types that are the same everywhere in Kubernetes: named, not spread out. */
function knownType({ type, properties, items }: StructuralSchema): string | undefined {
  if (properties?.['matchExpressions'] !== undefined) {
    return 'LabelSelector';
  }
  if (type === 'array' && items?.properties?.['lastTransitionTime'] !== undefined) {
    return 'Conditions';
  }
  return undefined;
}

/** A field and all fields inside it, outermost first. */
export function fieldRows(schema: StructuralSchema, path: string, required: boolean): FieldRow[] {
  const row: FieldRow = { path, schema, required };
  if (knownType(schema) !== undefined) {
    return [row];
  }
  const holder = schema.items ?? schema;
  const holderPath = schema.items === undefined ? path : `${path}[]`;
  const inner = Object.entries(holder.properties ?? {}).flatMap(([name, field]) =>
    fieldRows(field, `${holderPath}.${name}`, holder.required?.includes(name) ?? false),
  );
  return [row, ...inner];
}

/** The type of a field in a few words. */
export function typeText(schema: StructuralSchema): string {
  const known = knownType(schema);
  if (known !== undefined) {
    return known;
  }
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => code(value)).join(', ');
  }
  if (schema.items !== undefined) {
    const keys = schema['x-kubernetes-list-map-keys'];
    return `list of ${typeText(schema.items)}${keys === undefined ? '' : ` by ${code(keys.join(', '))}`}`;
  }
  if (schema.additionalProperties !== undefined) {
    return `map to ${typeText(schema.additionalProperties)}`;
  }
  return schema.format === 'date-time' ? 'time' : schema.type;
}

/** What the API server fills in, or whether the field must be written. */
export function defaultText({ schema, required }: FieldRow): string {
  if (schema.default !== undefined) {
    return code(JSON.stringify(schema.default));
  }
  return required ? 'required' : '—';
}

/** The longest, the lowest, the most. */
export function limitText(schema: StructuralSchema): string {
  const limits = [
    schema.minimum === undefined ? '' : `${schema.minimum} – ${schema.maximum ?? ''}`,
    schema.maxLength === undefined ? '' : `${schema.maxLength} characters`,
    schema.maxItems === undefined ? '' : `${schema.minItems ?? 0} – ${schema.maxItems} entries`,
    schema.maxProperties === undefined ? '' : `${schema.maxProperties} entries`,
  ];
  return limits.filter((limit) => limit !== '').join(', ');
}

/** What the field means; for a list or a map of plain values, what each of them is, too. */
export function meaningText(schema: StructuralSchema): string {
  const inner = schema.items ?? schema.additionalProperties;
  const plain =
    inner !== undefined &&
    inner.properties === undefined &&
    inner.enum === undefined &&
    knownType(schema) === undefined;
  const each = plain && inner.description !== undefined ? [`Each: ${inner.description}`] : [];
  return [schema.description ?? '', ...each].join(' ');
}

/** The sentences with which the API server refuses the field, those of a list's entries included. */
export function refusalTexts(schema: StructuralSchema): string[] {
  const own = (schema['x-kubernetes-validations'] ?? []).map(({ message }) => message);
  return schema.items === undefined ? own : [...own, ...refusalTexts(schema.items)];
}
