/**
 * As real-time work of the least priority (sched(7)): nice values say nothing between sessions where the kernel groups
 * processes by session. Where that is not allowed the command runs as all others do.
 */
const FIRST = 'chrt --fifo --pid 1 $$ 2> /dev/null; exec "$@"';

/**
 * Has a command run before other processes of the machine where that is asked for: routing daemons have their own machines
 * in the world, and BFD at 100 ms must find no fault where only a processor was busy.
 */
export function preferring(
  preferred: boolean | undefined,
  command: readonly [string, ...string[]],
): [string, ...string[]] {
  return preferred === true ? ['sh', '-c', FIRST, 'sh', ...command] : [...command];
}
