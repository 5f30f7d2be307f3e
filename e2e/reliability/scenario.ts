/**
 * What a scenario of `make reliability` is. A scenario makes one kind of fault, again and again, in a scene that all
 * repetitions share; each repetition says what a client lost by it and what was wrong. `measure.ts` runs them, `watch.ts`
 * and `routed-watch.ts` have the witnesses, `scenarios.ts` lists all of them.
 */

/** Which addresses a scenario is about: each kind has a table of its own. */
export type Subject = 'local' | 'virtual';

/**
 * What is promised for each repetition. What is absent is measured and printed, but not promised. Lost probes, overlap
 * and the time until one holder is left are judged by the worst repetition, the gap by its p99.
 */
export interface Bounds {
  /** Probes lost, at most. */
  readonly lost?: number;
  /** The longest silence that a client sees, milliseconds, at most. */
  readonly gapMs?: number;
  /** The time in which two nodes have the address, milliseconds, at most. */
  readonly overlapMs?: number;
  /** From the first frame by which two holders hear of each other until one is left, milliseconds, at most. */
  readonly settledMs?: number;
  /** From the fault until the ToR's routes lead where they should, milliseconds, at most. */
  readonly routesMs?: number;
}

/** New TCP connections of a repetition. */
export interface Connections {
  /** How many were not made, or only when their first packet was sent again. */
  readonly lost: number;
  /** How long the slowest took, milliseconds. */
  readonly slowestMs: number;
}

/** What one repetition did to a client. */
export interface Outcome {
  /** Probes that nobody answered. */
  readonly lost: number;
  /**
   * The longest silence, from the sending of the first lost probe to the next answer; 0 where none was lost. Where many
   * addresses are watched: until the last of them answers again.
   */
  readonly gapMs: number;
  /**
   * The time in which two nodes had the address: by the answers to the probe, by the frames on the switch, and by the
   * kernels of the nodes that were on the LAN; the longest of the three. Absent for virtual addresses, which all nodes have.
   */
  readonly overlapMs?: number;
  /** As in {@link Bounds}; absent where no two holders could meet. */
  readonly settledMs?: number;
  /** As in {@link Bounds}; absent where they are not to change. */
  readonly routesMs?: number;
  /** Absent where none were made. */
  readonly connections?: Connections;
  /** By how much the probe itself was late at worst, milliseconds: nothing shorter can be told from its own faults. */
  readonly probeLateMs: number;
  /** What was wrong, in words, with names and times: a foreign answer, an event of `ip monitor`, a move without cause. */
  readonly faults: readonly string[];
}

/** What {@link Scenario.prepare} is given. */
export interface PrepareOptions {
  /** Tells those who wait what is being done. */
  readonly progress: (text: string) => void;
}

/** A scene in which a fault can be made again and again. Disposing it ends all that was started for it. */
export interface Preparation extends AsyncDisposable {
  /**
   * Makes the fault once, waits for the recovery, brings everything back to the beginning.
   * @throws {Error} when the recovery does not come, or the beginning cannot be had again; the scene is not used any more
   */
  repeat(): Promise<Outcome>;
  /** Keeps the logs of the scene, and says where they are: something was wrong in it. */
  fail(): void;
}

/** One kind of fault. */
export interface Scenario {
  /** As `--only` and the table take it: `agent-killed`. */
  readonly name: string;
  /** Default: local addresses. */
  readonly subject?: Subject;
  /** What is done, and to whom, in one sentence without a full stop: it stands in the table. */
  readonly what: string;
  readonly promised: Bounds;
  /** How often it is repeated at most; default: as often as is asked for. */
  readonly atMost?: number;
  /** What was measured of other projects in the same case, where anything was: names, versions and figures. */
  readonly others?: string;
  /** Starts what all repetitions share: a lab with agents, Services. */
  readonly prepare: (options: PrepareOptions) => Promise<Preparation>;
}
