import { codeOf, messageOf } from './error-code.ts';

/** One cause in the `details` of a Status. */
export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** `details` of a Status, the body of each refusal of the API server. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly StatusCause[];
}

export interface ApiErrorOptions {
  /** HTTP status, or the code of a Status that came in a watch. */
  readonly status: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: StatusDetails;
  /** What was asked, for the message: `PATCH /api/v1/…`. */
  readonly request: string;
  /** From the header Retry-After. */
  readonly retryAfterMs?: number;
}

/**
 * The API server (or a proxy before it) refused a request. Use the predicates below rather than the number; `reason` is
 * Kubernetes' own word for it (`Conflict`, `NotFound`, …) and `message` says what to change.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code = 'KUBE_API';
  readonly status: number;
  readonly reason: string;
  readonly details: StatusDetails | undefined;
  readonly request: string;
  /** How long the server asks to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(options: ApiErrorOptions) {
    super(`${options.message} (${options.request}: ${options.status} ${options.reason})`);
    this.status = options.status;
    this.reason = options.reason;
    this.details = options.details;
    this.request = options.request;
    const { retryAfterSeconds } = options.details ?? {};
    this.retryAfterMs =
      options.retryAfterMs ?? (retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1_000);
  }
}

/** No answer came: connection refused, reset, timed out, name not found, certificate not trusted. The cause tells which. */
export class NetworkError extends Error {
  override readonly name = 'NetworkError';
  /** The code of the cause: `ECONNREFUSED`, `UND_ERR_HEADERS_TIMEOUT`, `DEPTH_ZERO_SELF_SIGNED_CERT`, …. */
  readonly code: string;

  constructor(request: string, cause: unknown) {
    super(`${networkReason(cause)} (${request})`, { cause });
    this.code = codeOf(cause) ?? 'KUBE_NETWORK';
  }
}

/** How to reach the cluster is not known: no kubeconfig, or one that makes no sense. The message says what to change. */
export class KubeConfigError extends Error {
  override readonly name = 'KubeConfigError';
  readonly code = 'KUBE_CONFIG';
}

function networkReason(cause: unknown): string {
  const code = codeOf(cause);
  switch (code) {
    case 'ECONNREFUSED':
      return 'the API server refuses connections; is it running, and is the address right?';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return "the API server's name cannot be resolved";
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'UND_ERR_HEADERS_TIMEOUT':
    case 'UND_ERR_BODY_TIMEOUT':
    case 'ETIMEDOUT':
      return 'the API server did not answer in time';
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the API server's certificate is not trusted (${code}); check the certificate authority in the kubeconfig`;
    default:
      return messageOf(cause) || 'the connection to the API server failed';
  }
}

function hasStatus(error: unknown, status: number): error is ApiError {
  return error instanceof ApiError && error.status === status;
}

/** The object changed since it was read, or a precondition does not hold: read again and decide again. */
export function isConflict(error: unknown): error is ApiError {
  return hasStatus(error, 409) && !isAlreadyExists(error);
}

/** A create met an object of that name. */
export function isAlreadyExists(error: unknown): error is ApiError {
  return hasStatus(error, 409) && error.reason === 'AlreadyExists';
}

/** The object, or its whole type (a CRD that is not installed), is not there. */
export function isNotFound(error: unknown): error is ApiError {
  return hasStatus(error, 404);
}

/** A resource version is too old: list again. The reasons are `Expired` and `Gone`. */
export function isGone(error: unknown): error is ApiError {
  return hasStatus(error, 410);
}

/** RBAC, an admission policy, or a namespace that is terminating ({@link isNamespaceTerminating}). */
export function isForbidden(error: unknown): error is ApiError {
  return hasStatus(error, 403);
}

/** Nothing can be created in a namespace that is going away. */
export function isNamespaceTerminating(error: unknown): error is ApiError {
  return isForbidden(error) && (error.details?.causes ?? []).some(({ reason }) => reason === 'NamespaceTerminating');
}

/** The credentials are not, or no longer, accepted. */
export function isUnauthorized(error: unknown): error is ApiError {
  return hasStatus(error, 401);
}

/** Validation refused the object: sending it again cannot help. */
export function isInvalid(error: unknown): error is ApiError {
  return hasStatus(error, 422) || hasStatus(error, 400);
}

/** The server sheds load; {@link retryAfterMs} says for how long. */
export function isTooManyRequests(error: unknown): error is ApiError {
  return hasStatus(error, 429);
}

/** The server could not finish in its own time limit; whether a write happened is not known. */
export function isServerTimeout(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 504 || error.reason === 'ServerTimeout');
}

/** A watch cache that is behind the version asked for; it says so after 3 s of waiting (etcd was restored, or it lags). */
export function isTooLargeResourceVersion(error: unknown): error is ApiError {
  return (
    error instanceof ApiError &&
    (error.details?.causes ?? []).some(({ reason }) => reason === 'ResourceVersionTooLarge')
  );
}

/** No answer came; whether a write happened is not known. */
export function isNetworkError(error: unknown): error is NetworkError {
  return error instanceof NetworkError;
}

/**
 * Nothing was heard at all, not even a refusal to connect: other connections to the server may be just as dead and never
 * be closed (a host that lost power, a load balancer or a NAT that forgot them).
 */
export function isSilence(error: unknown): error is NetworkError {
  return isNetworkError(error) && SILENT_CODES.has(error.code);
}

const SILENT_CODES: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
]);

/**
 * How long a server that sheds load asked to wait, in milliseconds; undefined when it did not. A 503 asks for 5 s while the
 * API server starts and knows not all its paths (apiserver's pkg/util/notfoundhandler). That is a guess and most often too
 * long by seconds, in which nobody would be served: the back-off knows better.
 */
export function retryAfterMs(error: unknown): number | undefined {
  return isTooManyRequests(error) ? error.retryAfterMs : undefined;
}
