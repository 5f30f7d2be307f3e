/** What goes to the guest: a line of JSON each. */
export type ToGuest =
  /** Runs a command to its end. */
  | { readonly type: 'run'; readonly id: number; readonly command: readonly string[]; readonly stdin: string }
  /** Starts a program that runs on, under a number of its own. */
  | {
      readonly type: 'start';
      readonly id: number;
      readonly command: readonly string[];
      /** A file that gets all it prints; null: its standard output comes back line by line. */
      readonly logFile: string | null;
    }
  /** Sends a signal to a program that was started. */
  | { readonly type: 'signal'; readonly id: number; readonly signal: NodeJS.Signals };

/** How a process of the guest ended. */
export interface GuestExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** What comes from the guest: a line of JSON each. */
export type FromGuest =
  /** It has booted. */
  | { readonly type: 'ready' }
  /** A `run` has ended. */
  | {
      readonly type: 'result';
      readonly id: number;
      readonly code: number | null;
      readonly stdout: string;
      readonly stderr: string;
    }
  /** A line that a started program printed. */
  | { readonly type: 'line'; readonly id: number; readonly line: string }
  /** A started program has ended. */
  | ({ readonly type: 'exit'; readonly id: number } & GuestExit);
