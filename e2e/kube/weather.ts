import type { BodyFault, RequestFault, RequestInfo, Weather } from './chaos-proxy.ts';

/** A Status as the API server writes it. */
export function statusBody(code: number, reason: string, details?: unknown): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    message: `chaos: ${reason}`,
    reason,
    code,
    details,
  });
}

const EXPIRED = statusBody(410, 'Expired');
const TOO_LARGE = statusBody(504, 'Timeout', {
  causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
});

/** The refusal of a server that has no WatchList. */
const NO_WATCH_LIST = statusBody(422, 'Invalid', {
  causes: [{ reason: 'FieldValueForbidden', field: 'sendInitialEvents' }],
});

export interface StormOptions {
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Behave as a server without WatchList. */
  readonly refuseWatchList?: boolean;
}

/** Each thing that can go wrong with a request, and how often, per thousand. The rest passes. */
const REQUEST_FAULTS: readonly (readonly [perMille: number, (random: () => number) => RequestFault])[] = [
  [40, () => ({ type: 'answer', status: 429, body: statusBody(429, 'TooManyRequests'), retryAfter: 1 })],
  [30, () => ({ type: 'answer', status: 500, body: statusBody(500, 'InternalError') })],
  [30, () => ({ type: 'answer', status: 503, body: '<html>no backend</html>' })],
  [30, () => ({ type: 'answer', status: 410, body: EXPIRED })],
  [30, () => ({ type: 'answer', status: 504, body: TOO_LARGE })],
  [20, () => ({ type: 'answer', status: 200, body: '<html>welcome to the hotel</html>' })],
  [20, () => ({ type: 'answer', status: 401, body: statusBody(401, 'Unauthorized') })],
  [60, () => ({ type: 'cut' })],
  [4, () => ({ type: 'hang' })], // each costs the 15 s of the client's limit,
  [150, (random) => ({ type: 'delay', milliseconds: random() * 300 })],
];

/** Everything goes wrong from time to time: no body of a watch lives long, many end in the middle of an object. */
export function storm({ random, refuseWatchList = false }: StormOptions): Weather {
  return {
    request: (info) => requestFault(info, random, refuseWatchList),
    body: ({ watch }) => bodyFault(watch, random),
  };
}

function requestFault({ url }: RequestInfo, random: () => number, refuseWatchList: boolean): RequestFault | undefined {
  if (refuseWatchList && url.searchParams.has('sendInitialEvents')) {
    return { type: 'answer', status: 422, body: NO_WATCH_LIST };
  }
  let dice = random() * 1_000;
  for (const [perMille, make] of REQUEST_FAULTS) {
    dice -= perMille;
    if (dice < 0) {
      return make(random);
    }
  }
  return undefined;
}

/** No watch lives long; of lists, one in seven does not come to its end. */
function bodyFault(watch: boolean, random: () => number): BodyFault | undefined {
  const afterBytes = Math.floor(random() ** 2 * 800_000);
  const dice = random();
  if (!watch) {
    return dice < 0.85 ? undefined : { type: dice < 0.95 ? 'cut' : 'stall', afterBytes };
  }
  if (dice < 0.75) {
    return { type: dice < 0.6 ? 'cut' : 'stall', afterBytes };
  }
  return { type: 'inject', afterBytes, line: `{"type":"ERROR","object":${EXPIRED}}` };
}
