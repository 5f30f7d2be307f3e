import { ApiError, type StatusDetails } from '../errors.ts';

/** The body of a refusal, as far as it is understood; a proxy answers with HTML or nothing. */
interface StatusBody {
  readonly kind?: string;
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: StatusDetails;
}

/** How much of a body that is no Status is quoted. */
const QUOTED_CHARACTERS = 200;

/** Kubernetes' words for the numbers, for answers that come from something else. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Gone',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

/** The error for an answer with a status of 300 or more. `retryAfter` is the header: seconds, or a date, which is ignored. */
export function apiErrorFromResponse(request: string, status: number, body: string, retryAfter?: string): ApiError {
  const parsed = parseStatus(body);
  const seconds = retryAfter !== undefined && /^\d+$/.test(retryAfter) ? Number(retryAfter) : undefined;
  const quoted = body.trim().slice(0, QUOTED_CHARACTERS);
  return new ApiError({
    status,
    request,
    reason: parsed?.reason ?? REASONS[status] ?? 'Unknown',
    message: parsed?.message ?? (quoted === '' ? 'the answer had no text' : quoted),
    ...(parsed?.details === undefined ? {} : { details: parsed.details }),
    ...(seconds === undefined ? {} : { retryAfterMs: seconds * 1_000 }),
  });
}

/** The error for the object of an ERROR event in a watch. */
export function apiErrorFromStatus(request: string, object: unknown): ApiError {
  const status: StatusBody = isStatus(object) ? object : {};
  const code = status.code ?? 500;
  return new ApiError({
    status: code,
    request,
    reason: status.reason ?? REASONS[code] ?? 'Unknown',
    message: status.message ?? 'the watch ended with an error',
    ...(status.details === undefined ? {} : { details: status.details }),
  });
}

function parseStatus(body: string): StatusBody | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isStatus(value) ? value : undefined;
  } catch {
    return undefined; // not JSON: the caller quotes it
  }
}

function isStatus(value: unknown): value is StatusBody {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'Status';
}
