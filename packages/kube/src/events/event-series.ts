import type { KubeEvent } from '../resources.ts';

/** The object that an event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
}

/** What is told. Equal ones fold into a series. */
export interface EventInput {
  readonly regarding: ObjectReference;
  /** Another object that the event has to do with, such as the one to mend. */
  readonly related?: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, for machines. */
  readonly reason: string;
  /** CamelCase: what was done, or tried. */
  readonly action: string;
  /** For people; cut at 1,024 bytes, the API's limit. */
  readonly note: string;
  /**
   * What the event is about. Events of one topic fold into a series though their notes differ, and the newest note is
   * told when the series is next due. Default: the note, so that only equal events fold.
   */
  readonly topic?: string;
}

/** One event and its repetitions; becomes one Event object for each note that is told. */
export interface EventSeries {
  input: EventInput;
  /** Name of the Event object. */
  name: string;
  /** Unix milliseconds. */
  firstAt: number;
  lastAt: number;
  count: number;
  /** How often it was seen when it was last written; 0 before the first write. */
  writtenCount: number;
  /** Monotonic milliseconds of the last write that was begun; undefined before. */
  writtenAt: number | undefined;
}

export interface Reporter {
  /** `fairlead.dev/allocator`. */
  readonly reportingController: string;
  /** The Pod's or node's name. */
  readonly reportingInstance: string;
}

/** Limits of events.k8s.io/v1 (pkg/apis/core/validation/events.go). */
const LONGEST_NOTE_BYTES = 1_024;
const LONGEST_NAME = 253;

/** Events that are equal under this key are repetitions. */
export function seriesKey({ regarding, type, reason, action, note, topic }: EventInput): string {
  const { apiVersion, kind, namespace, name, uid } = regarding;
  const about = topic === undefined ? { note } : { topic };
  return JSON.stringify([apiVersion, kind, namespace, name, uid, type, reason, action, about]);
}

/** The namespace where an event must stand: that of the object, `default` for objects without one. */
export function eventNamespace({ namespace }: ObjectReference): string {
  return namespace ?? 'default';
}

/** A name that no other event has: object, time and chance, as client-go makes it. */
export function eventName(object: string, firstAt: number, random: number): string {
  const suffix = `.${Math.floor(firstAt).toString(16)}${Math.floor(random * 2 ** 32)
    .toString(16)
    .padStart(8, '0')}`;
  return object.toLowerCase().slice(0, LONGEST_NAME - suffix.length) + suffix;
}

/** The Event object of a series as it stands. */
export function eventObject(series: EventSeries, reporter: Reporter): KubeEvent {
  const { input, name, firstAt } = series;
  return {
    metadata: { name, namespace: eventNamespace(input.regarding) },
    eventTime: microTime(firstAt),
    ...reporter,
    type: input.type,
    reason: input.reason,
    action: input.action,
    note: cutText(input.note, LONGEST_NOTE_BYTES),
    regarding: { ...input.regarding },
    ...(input.related === undefined ? {} : { related: { ...input.related } }),
    ...(series.count > 1 ? { series: seriesField(series) } : {}),
  };
}

export function seriesField({ count, lastAt }: EventSeries): { count: number; lastObservedTime: string } {
  return { count, lastObservedTime: microTime(lastAt) };
}

function microTime(unixMs: number): string {
  return new Date(unixMs).toISOString().replace('Z', '000Z');
}

/** Cuts at a character's border so that the UTF-8 form fits. */
function cutText(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) {
    return text;
  }
  const ellipsis = '…';
  let end = bytes - Buffer.byteLength(ellipsis);
  while (((encoded[end] ?? 0) & 0xc0) === 0x80) {
    end -= 1; // a continuation byte: go back to the character's first
  }
  return encoded.toString('utf8', 0, end) + ellipsis;
}
