/**
 * Has a command run before other processes of the machine where that is asked for: routing daemons have their own machines
 * in the world, and BFD at 100 ms must find no fault where only a processor was busy.
 */
export function preferring(
  preferred: boolean | undefined,
  command: readonly [string, ...string[]],
): [string, ...string[]] {
  return preferred === true ? ['nice', '-n', '-15', ...command] : [...command];
}
