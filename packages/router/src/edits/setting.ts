import type { Statement } from './statements.ts';

/** What BIRD does with a running protocol where a setting of it changes. */
export type Effect =
  /** Goes on with the new value. */
  | 'keeps'
  /** Ends it and starts it anew. */
  | 'restarts'
  /** Not known here, or decided by the neighbor, who must have the same. */
  | 'may restart';

/** A setting as a configuration has it. */
export interface Setting {
  readonly effect: Effect;
  /** Equal where it means the same. Never shown: it may be a password. */
  readonly value: string;
  /** The value that it has where it is not written; undefined: BIRD finds one that cannot be told from the text. */
  readonly unset?: string | undefined;
  /** The effect where it was not there before, if that is another. */
  readonly whenNew?: Effect;
  /** The effect where it is there no more, if that is another. */
  readonly whenGone?: Effect | undefined;
}

/** Settings of a protocol by name: words of BIRD's language, without values. */
export type Settings = Map<string, Setting>;

/** How a setting is read. */
export type SettingRule = Pick<Setting, 'effect' | 'unset' | 'whenGone'>;

export type SettingRules = Readonly<Record<string, SettingRule>>;

/** Rules for settings that share an effect, and have no value of their own where they are absent. */
export function rulesFor(effect: Effect, ...names: readonly string[]): SettingRules {
  return Object.fromEntries(names.map((name) => [name, { effect }]));
}

/** The same for switches that are off where they are absent. */
export function switchesFor(effect: Effect, ...names: readonly string[]): SettingRules {
  return Object.fromEntries(names.map((name) => [name, { effect, unset: 'off' }]));
}

const ON: ReadonlySet<string> = new Set(['', 'on', 'yes', 'true']);
const OFF: ReadonlySet<string> = new Set(['off', 'no', 'false']);

/** Puts what a statement sets into `settings`. Of names that begin alike the longest counts (`graceful restart time`). */
export function readSetting(settings: Settings, statement: Statement, rules: SettingRules, prefix = ''): void {
  const { head, text } = statement;
  const name = knownName(head, rules);
  const rule = name === undefined ? undefined : rules[name];
  if (name === undefined || rule === undefined) {
    // Whatever it is: a name of words alone, so that no value is shown.
    const words = head.findIndex((word) => !/^[a-z][a-z0-9_]*$/i.test(word));
    const unknown = head.slice(0, words === -1 ? 1 : Math.max(1, Math.min(words, 2))).join(' ');
    const shown = /^[a-z][a-z0-9_ ]*$/i.test(unknown) ? unknown : 'a statement';
    const before = settings.get(prefix + shown)?.value ?? '';
    settings.set(prefix + shown, { effect: 'may restart', value: `${before}${text};` });
    return;
  }
  const value = text.slice(name.length).trim();
  settings.set(prefix + name, { ...rule, value: isSwitch(rule) ? switchValue(value) : value });
}

function knownName(head: readonly string[], rules: SettingRules): string | undefined {
  for (let count = Math.min(head.length, 4); count > 0; count -= 1) {
    const name = head.slice(0, count).join(' ');
    if (Object.hasOwn(rules, name)) {
      return name;
    }
  }
  return undefined;
}

function isSwitch({ unset }: SettingRule): boolean {
  return unset === 'on' || unset === 'off';
}

function switchValue(value: string): string {
  return ON.has(value) ? 'on' : OFF.has(value) ? 'off' : value;
}

/** A setting that changed. */
export interface Difference {
  readonly name: string;
  readonly effect: Effect;
}

/** What changes between two sets of settings, what keeps the protocol running left out. */
export function differences(
  before: ReadonlyMap<string, Setting>,
  after: ReadonlyMap<string, Setting>,
): readonly Difference[] {
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [old, now] = [before.get(name), after.get(name)];
    const unset = old?.unset ?? now?.unset;
    const [was, is] = [old?.value ?? unset, now?.value ?? unset];
    const parent = name.slice(0, Math.max(0, name.lastIndexOf(': ')));
    if (was === is || before.has(parent) !== after.has(parent)) {
      // What comes or goes with the interface that it belongs to says nothing more than that.
      return [];
    }
    const special = was === unset ? now?.whenNew : is === unset ? old?.whenGone : undefined;
    const effect = special ?? now?.effect ?? old?.effect ?? 'may restart';
    return effect === 'keeps' ? [] : [{ name, effect }];
  });
}
