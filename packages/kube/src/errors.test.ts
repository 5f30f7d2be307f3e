import { ApiError, retryAfterMs } from './errors.ts';

function error(
  status: number,
  asked: { readonly retryAfterMs?: number; readonly retryAfterSeconds?: number },
): ApiError {
  const { retryAfterSeconds, ...header } = asked;
  const details = retryAfterSeconds === undefined ? {} : { details: { retryAfterSeconds } };
  return new ApiError({ status, reason: 'R', message: 'm', request: 'GET /', ...details, ...header });
}

describe('how long the server asks to wait', () => {
  it('is heeded where it sheds load, be it in the header or in the body', () => {
    expect(retryAfterMs(error(429, { retryAfterMs: 7_000 }))).toBe(7_000);
    expect(retryAfterMs(error(429, { retryAfterSeconds: 2 }))).toBe(2_000);
  });

  it('is not heeded where it starts, as that lasts a moment and not the 5 s that it asks for', () => {
    expect(retryAfterMs(error(503, { retryAfterSeconds: 5 }))).toBeUndefined();
    expect(retryAfterMs(new Error('no answer'))).toBeUndefined();
  });
});
