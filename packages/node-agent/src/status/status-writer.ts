import { isDeepStrictEqual } from 'node:util';
import { API_VERSION, LAN_LABEL_PREFIX, lanLabel } from '@fairlead/api';
import type { LBNodeStatus, LBNodeStatusStatus, Prefix } from '@fairlead/api';
import { isNotFound, LB_NODE_STATUSES } from '@fairlead/kube';
import type { KubeClient } from '@fairlead/kube';
import type { Logger } from '@fairlead/runtime';
import type { Timers } from '../apply/timers.ts';
import { changeOf, CountPace } from './count-pace.ts';

/** At most one write in so many ms, however much happens. */
const QUIET_MS = 1_000;
/** After a failed write. */
const RETRY_MS = 5_000;
/** Between two looks while counts wait: what else changes meanwhile is not held up by more. */
const LOOK_MS = 250;

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly timers: Timers;
  readonly signal: AbortSignal;
  readonly node: string;
  /** The status as it is now, given what was last written; called when it is about to be compared. */
  readonly status: (previous: LBNodeStatusStatus | undefined) => LBNodeStatusStatus;
  /** Subnets of the LANs that the object is labelled with. */
  readonly subnets: () => readonly Prefix[];
}

/**
 * Keeps this node's LBNodeStatus true: only what changed is sent, at most once a second, and nothing when nothing did. What
 * are counts alone may wait longer ({@link CountPace}).
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  #labels: Readonly<Record<string, string>> | undefined;
  #written: LBNodeStatusStatus | undefined;
  #planned = false;
  #writing = false;
  #again = false;
  #notBefore = 0;
  #failed = false;
  readonly #counts = new CountPace(Math.random);
  /** Cancels the look at counts that wait. */
  #cancelLook: (() => void) | undefined;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Something that the status tells may have changed. */
  changed(): void {
    if (this.#writing) {
      this.#again = true;
      return;
    }
    if (this.#planned || this.#options.signal.aborted) {
      return;
    }
    this.#planned = true;
    const { timers } = this.#options;
    // The first of several changes is written at once: peers and people wait for it.
    timers.after(Math.max(this.#notBefore - timers.now(), 10), () => {
      this.#planned = false;
      this.#writing = true;
      void this.#round().finally(() => {
        this.#writing = false;
        if (this.#again) {
          this.#again = false;
          this.changed();
        }
      });
    });
  }

  async #round(): Promise<void> {
    const { logger, signal, timers } = this.#options;
    try {
      const outcome = await this.#write();
      this.#notBefore = timers.now() + { wrote: QUIET_MS, waits: LOOK_MS, same: 0 }[outcome];
      this.#failed = false;
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (!this.#failed) {
        logger.warn('The LBNodeStatus cannot be written; it is tried again', { error });
      }
      this.#failed = true;
      // Whatever was there may be gone, or somebody may have changed it.
      this.#labels = undefined;
      this.#written = undefined;
      this.#notBefore = timers.now() + RETRY_MS;
      this.#again = true;
    }
  }

  async #write(): Promise<'wrote' | 'waits' | 'same'> {
    const { client, node, signal, timers } = this.#options;
    const labels = Object.fromEntries(this.#options.subnets().map((subnet) => [lanLabel(subnet), '']));
    let wrote = false;
    if (this.#labels === undefined || !isDeepStrictEqual(labels, this.#labels)) {
      await this.#writeLabels(labels);
      wrote = true;
    }
    const status = this.#options.status(this.#written);
    const patch = changedFields(this.#written, status);
    const change = changeOf(Object.keys(patch), { before: this.#written, now: status });
    if (change === 'none') {
      this.#counts.told();
      return wrote ? 'wrote' : 'same';
    }
    const waitMs = change === 'other' ? 0 : this.#counts.waitMs(change, timers.now());
    if (waitMs > 0) {
      this.#lookAfter(waitMs);
      return wrote ? 'wrote' : 'waits';
    }
    await client.patch(
      LB_NODE_STATUSES,
      { name: node },
      { status: patch },
      { type: 'merge', subresource: 'status', signal },
    );
    this.#written = status;
    if (change === 'other') {
      this.#counts.told();
    } else {
      this.#counts.written(timers.now());
    }
    return 'wrote';
  }

  #lookAfter(ms: number): void {
    this.#cancelLook?.();
    this.#cancelLook = this.#options.timers.after(Math.ceil(ms) + 1, () => {
      this.#cancelLook = undefined;
      this.changed();
    });
  }

  /** Makes the object where there is none; takes labels of former LANs off. */
  async #writeLabels(labels: Readonly<Record<string, string>>): Promise<void> {
    const { client, node, signal } = this.#options;
    try {
      const there = await client.get(LB_NODE_STATUSES, { name: node }, { signal });
      this.#written = there.status;
      const former = Object.keys(there.metadata.labels ?? {}).filter(
        (label) => label.startsWith(LAN_LABEL_PREFIX) && !Object.hasOwn(labels, label),
      );
      const current = there.metadata.labels ?? {};
      if (former.length > 0 || Object.keys(labels).some((label) => !Object.hasOwn(current, label))) {
        const patch = { ...Object.fromEntries(former.map((label) => [label, null])), ...labels };
        await client.patch(
          LB_NODE_STATUSES,
          { name: node },
          { metadata: { labels: patch } },
          { type: 'merge', signal },
        );
      }
    } catch (error) {
      if (!isNotFound(error)) {
        throw error;
      }
      const fresh: LBNodeStatus = { apiVersion: API_VERSION, kind: 'LBNodeStatus', metadata: { name: node, labels } };
      await client.create(LB_NODE_STATUSES, fresh, { signal });
      this.#written = undefined;
    }
    this.#labels = labels;
  }
}

/** The fields that differ, as a merge patch: those that are gone as null. Lists and objects are told whole. Pure. */
export function changedFields(
  before: LBNodeStatusStatus | undefined,
  now: LBNodeStatusStatus,
): Readonly<Record<string, unknown>> {
  const old: Readonly<Record<string, unknown>> = { ...before };
  const fresh: Readonly<Record<string, unknown>> = { ...now };
  const changed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fresh)) {
    if (!isDeepStrictEqual(value, old[name])) {
      changed[name] = name === 'nodeLabels' ? withoutFormer(old[name], value) : value;
    }
  }
  for (const name of Object.keys(old)) {
    if (!Object.hasOwn(fresh, name)) {
      changed[name] = null;
    }
  }
  return changed;
}

/** A merge patch merges maps: keys that are gone have to be named. */
function withoutFormer(before: unknown, now: unknown): unknown {
  const gone = Object.keys({ ...(before as object | undefined) }).map((key): [string, unknown] => [key, null]);
  return { ...Object.fromEntries(gone), ...(now as object) };
}
