/**
 * A small language in which the custom resources are written once, as values. From one such value come the types that
 * programs use ({@link Read}, {@link Write}), the structural schema inside the CRD, and the reference page.
 */

/** A CEL rule of the API server (`x-kubernetes-validations`). The message is static: CEL's cost limits forbid more. */
export interface Rule {
  readonly rule: string;
  /** A sentence that says what to write instead. */
  readonly message: string;
}

/** The part of a Kubernetes structural schema that is used here, ready to be put into a CRD. */
export interface StructuralSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly format?: 'date-time' | 'int64';
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly items?: StructuralSchema;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly additionalProperties?: StructuralSchema;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-list-type'?: 'atomic' | 'set' | 'map';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
  readonly 'x-kubernetes-validations'?: readonly Rule[];
}

/** Whether a field must be written, may be absent, or is filled in by the API server when absent. */
export type Presence = 'required' | 'optional' | 'defaulted';

/**
 * One field. `R` is its value as programs read it (defaults filled in), `W` as users write it; both exist only for the
 * type checker.
 */
export interface Field<R, W = R, P extends Presence = Presence> {
  readonly schema: StructuralSchema;
  readonly presence: P;
  readonly read?: R;
  readonly write?: W;
}

/** The value of a field as programs read it: what the API server fills in is there. */
export type Read<F> = F extends Field<infer R, unknown> ? R : never;
/** The value of a field as users write it: what has a default may be left out. */
export type Write<F> = F extends Field<unknown, infer W> ? W : never;

/** The fields of an object by name. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

type Flat<T> = { readonly [K in keyof T]: T[K] };
type KeysWith<F extends Fields, P extends Presence> = {
  [K in keyof F]: F[K]['presence'] extends P ? K : never;
}[keyof F];
type ReadObject<F extends Fields> = Flat<
  { readonly [K in KeysWith<F, 'required' | 'defaulted'>]: Read<F[K]> } & {
    readonly [K in KeysWith<F, 'optional'>]?: Read<F[K]>;
  }
>;
type WriteObject<F extends Fields> = Flat<
  { readonly [K in KeysWith<F, 'required'>]: Write<F[K]> } & {
    readonly [K in KeysWith<F, 'optional' | 'defaulted'>]?: Write<F[K]>;
  }
>;

interface Common {
  /** What the field means, in Markdown; becomes the text of `kubectl explain` and of the reference page. */
  readonly description: string;
  readonly rules?: readonly Rule[];
}

interface StringOptions extends Common {
  readonly maxLength: number;
  readonly minLength?: number;
  readonly format?: 'date-time';
}

interface ListOptions extends Common {
  readonly maxItems: number;
  readonly minItems?: number;
}

interface MapOptions extends Common {
  readonly maxProperties: number;
  /** One writer owns all of it, so that the API server need not record who owns which entry. */
  readonly atomic?: boolean;
}

function required<R, W = R>(schema: StructuralSchema): Field<R, W, 'required'> {
  return { schema, presence: 'required' };
}

/** The keys that every kind of field shares. */
function common({ description, rules }: Common): Pick<StructuralSchema, 'description' | 'x-kubernetes-validations'> {
  return { description, ...(rules === undefined ? {} : { 'x-kubernetes-validations': rules }) };
}

/** Text. Every string is bounded, or CEL's cost limits refuse the CRD. */
export function text({ maxLength, minLength, format, ...rest }: StringOptions): Field<string, string, 'required'> {
  return required({
    type: 'string',
    ...common(rest),
    ...(format === undefined ? {} : { format }),
    ...(minLength === undefined ? {} : { minLength }),
    maxLength,
  });
}

/** One of a few words. */
export function choice<const V extends readonly string[]>(
  values: V,
  options: Common,
): Field<V[number], V[number], 'required'> {
  return required({ type: 'string', ...common(options), enum: values });
}

/** A whole number with its bounds, both included. */
export function integer({
  minimum,
  maximum,
  ...rest
}: Common & { readonly minimum: number; readonly maximum: number }): Field<number, number, 'required'> {
  return required({ type: 'integer', ...common(rest), format: 'int64', minimum, maximum });
}

/** True or false. */
export function flag(options: Common): Field<boolean, boolean, 'required'> {
  return required({ type: 'boolean', ...common(options) });
}

function listSchema(item: StructuralSchema, { maxItems, minItems, ...rest }: ListOptions): StructuralSchema {
  return {
    type: 'array',
    ...common(rest),
    items: item,
    ...(minItems === undefined ? {} : { minItems }),
    maxItems,
  };
}

/** A list that is replaced as a whole; its order matters. */
export function list<R, W>(item: Field<R, W>, options: ListOptions): Field<readonly R[], readonly W[], 'required'> {
  return required({ ...listSchema(item.schema, options), 'x-kubernetes-list-type': 'atomic' });
}

/** A list of scalars without repeats; its order does not matter. */
export function set<R extends string, W extends string>(
  item: Field<R, W>,
  options: ListOptions,
): Field<readonly R[], readonly W[], 'required'> {
  return required({ ...listSchema(item.schema, options), 'x-kubernetes-list-type': 'set' });
}

/** A list of objects that are told apart by one of their fields; two writers can each own entries of it. */
export function listByKey<R, W>(
  item: Field<R, W>,
  options: ListOptions & { readonly key: keyof R & string },
): Field<readonly R[], readonly W[], 'required'> {
  const { key, ...rest } = options;
  return required({
    ...listSchema(item.schema, rest),
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': [key],
  });
}

function mapType(atomic: boolean | undefined): Pick<StructuralSchema, 'x-kubernetes-map-type'> {
  return atomic === true ? { 'x-kubernetes-map-type': 'atomic' } : {};
}

/** Values by names of the user's own choosing. */
export function record<R, W>(
  value: Field<R, W>,
  { maxProperties, atomic, ...rest }: MapOptions,
): Field<Readonly<Record<string, R>>, Readonly<Record<string, W>>, 'required'> {
  return required({
    type: 'object',
    ...common(rest),
    additionalProperties: value.schema,
    maxProperties,
    ...mapType(atomic),
  });
}

/** An object with known fields; unknown ones are pruned by the API server (and refused by `kubectl --validate`). */
export function object<const F extends Fields>(
  fields: F,
  options: Common & { readonly atomic?: boolean; readonly minProperties?: number },
): Field<ReadObject<F>, WriteObject<F>, 'required'> {
  const { atomic, minProperties, ...rest } = options;
  const entries = Object.entries(fields);
  const names = entries.filter(([, field]) => field.presence === 'required').map(([name]) => name);
  return required({
    type: 'object',
    ...common(rest),
    ...(names.length === 0 ? {} : { required: names }),
    properties: Object.fromEntries(entries.map(([name, field]) => [name, field.schema])),
    ...(minProperties === undefined ? {} : { minProperties }),
    ...mapType(atomic),
  });
}

/** The field may be absent, which means something of its own; its description says what. */
export function optional<R, W>(field: Field<R, W>): Field<R, W, 'optional'> {
  return { schema: field.schema, presence: 'optional' };
}

/** The field may be left out, and then reads as `value`. `{}` for an object fills in the defaults inside it. */
export function defaulted<R, W>(field: Field<R, W>, value: NoInfer<W>): Field<R, W, 'defaulted'> {
  return { schema: { ...field.schema, default: value }, presence: 'defaulted' };
}

/** The same field with another description, for a type that is used in several places. */
export function described<R, W, P extends Presence>(field: Field<R, W, P>, description: string): Field<R, W, P> {
  return { ...field, schema: { ...field.schema, description } };
}
