/** What one look at the data path's health endpoint found. */
export type Probe =
  | { readonly type: 'good' }
  /** It answers that it is not well. */
  | { readonly type: 'bad'; readonly detail: string }
  /** Nothing listens there. */
  | { readonly type: 'nobody' };

/** How patient the gate is; ms. */
export interface GateSettings {
  /** After so long with nobody listening the agent goes on without. Default 10 s. */
  readonly nobodyMs: number;
  /** After so long of bad answers the node hands over. Default 30 s. */
  readonly badMs: number;
}

export const DEFAULT_GATE_SETTINGS: GateSettings = { nobodyMs: 10_000, badMs: 30_000 };

/**
 * Whether this node may announce.
 * - `waiting`: not good yet since boot; nothing is announced, what is there stays
 * - `open`: good, or has been good within `badMs`
 * - `unchecked`: nothing listens there, or no URL is set: goes on without, and says so
 * - `bad`: hands over
 */
export type GateState = 'waiting' | 'open' | 'unchecked' | 'bad';

/** State of the gate; a value. */
export interface Gate {
  readonly state: GateState;
  /** What the last bad answer said. */
  readonly detail: string;
  /** Since when it has not been good, or (while `waiting`) nobody has listened, in the caller's ms; undefined while it is. */
  readonly troubleSince: number | undefined;
  readonly settings: GateSettings;
}

/**
 * The gate at start.
 * @param options.enabled false with `--data-path-health none`
 * @param options.before where a past life of this agent left it, since the node's boot (its state file goes with that):
 *   a new life must not open what was shut, nor wait again for what is not there
 */
export function initialGate(options: {
  readonly enabled: boolean;
  readonly before: GateState | undefined;
  readonly settings?: GateSettings;
}): Gate {
  const state = options.enabled ? (options.before ?? 'waiting') : 'unchecked';
  return { state, detail: '', troubleSince: undefined, settings: options.settings ?? DEFAULT_GATE_SETTINGS };
}

/** The gate after a look at `nowMs` (any steady clock). */
export function stepGate(gate: Gate, probe: Probe, nowMs: number): Gate {
  if (probe.type === 'good') {
    return { ...gate, state: 'open', detail: '', troubleSince: undefined };
  }
  const troubleSince = gate.troubleSince ?? nowMs;
  const lasted = nowMs - troubleSince;
  const detail = probe.type === 'bad' ? probe.detail : 'nothing listens there';
  const next = { ...gate, troubleSince, detail };
  switch (gate.state) {
    case 'waiting':
      if (probe.type === 'bad') {
        // Whoever says that it is not well yet is there: only silence without a break counts.
        return { ...next, troubleSince: undefined };
      }
      return lasted >= gate.settings.nobodyMs ? { ...next, state: 'unchecked' } : next;
    case 'unchecked':
      // Whatever comes to listen there is believed once it has been good.
      return next;
    case 'open':
      return lasted >= gate.settings.badMs ? { ...next, state: 'bad' } : next;
    case 'bad':
      return next;
    default:
      return gate.state satisfies never;
  }
}
