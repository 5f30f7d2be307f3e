import type { RouterViewInput } from '../src/view/build.ts';
import { CASES } from '../testdata/cases.ts';

/** The cases of BIRD's golden files, with `daemon: FRR`: each `NAME.conf` here is what FRR gets for it. */
export const FRR_CASES: Readonly<Record<string, RouterViewInput>> = Object.fromEntries(
  Object.entries(CASES).map(([name, input]) => [name, withFRR(input)]),
);

function withFRR(input: RouterViewInput): RouterViewInput {
  const { router } = input;
  return router === undefined ? input : { ...input, router: { ...router, spec: { ...router.spec, daemon: 'FRR' } } };
}
