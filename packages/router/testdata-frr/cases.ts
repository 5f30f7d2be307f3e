import type { RouterViewInput } from '../src/view/build.ts';
import { CASES } from '../testdata/cases.ts';

/** What FRR cannot do: a problem, and no file. */
const BEYOND_FRR: ReadonlySet<string> = new Set(['rip-password-sha256']);

/** The cases of BIRD's golden files, with `daemon: FRR`: each `NAME.conf` here is what FRR gets for it. */
export const FRR_CASES: Readonly<Record<string, RouterViewInput>> = Object.fromEntries(
  Object.entries(CASES)
    .filter(([name]) => !BEYOND_FRR.has(name))
    .map(([name, input]) => [name, withFRR(input)]),
);

/** Without BFD for RIP, which FRR does not have. */
function withFRR(input: RouterViewInput): RouterViewInput {
  const { router } = input;
  if (router === undefined) {
    return input;
  }
  const { rip, ...spec } = router.spec;
  const interfaces = rip?.interfaces.map(({ bfd: _bfd, ...others }) => others) ?? [];
  const frr = { ...spec, daemon: 'FRR' as const, ...(rip && { rip: { ...rip, interfaces } }) };
  return { ...input, router: { ...router, spec: frr } };
}
