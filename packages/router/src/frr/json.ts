/** What FRR prints as JSON, read without believing it: each version says a little more, or says it elsewhere. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** An object of JSON; an empty one where the text is none (FRR says `% …` in plain words where a protocol is off). */
export function parseObject(text: string): JsonObject {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}

/** The value as an object; an empty one where it is none. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** A field as an object; an empty one where it is none. */
export function objectAt(object: JsonObject, name: string): JsonObject {
  return asObject(object[name]);
}

/** A field as text; empty where it is none. */
export function textAt(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : '';
}

/** A field as a number; undefined where it is none. */
export function numberAt(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === 'number' ? value : undefined;
}

/** All objects inside a value, itself included, that have a field. */
export function objectsWith(value: unknown, name: string): JsonObject[] {
  if (Array.isArray(value)) {
    return value.flatMap((item) => objectsWith(item, name));
  }
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  const object = value as JsonObject;
  const inner = Object.values(object).flatMap((item) => objectsWith(item, name));
  return Object.hasOwn(object, name) ? [object, ...inner] : inner;
}
