import type { Dispatcher } from 'undici';
import { DeadlineError } from './deadline.ts';

/**
 * The dispatcher, for one request: it is not begun after `latest`, in milliseconds of `now`. A timer that aborts it is not
 * enough: where the process stood still (SIGSTOP, a suspended machine), what came in meanwhile is read before timers are
 * looked at, and an answer that is read frees its connection for the request that waited for one.
 */
export function punctual(dispatcher: Dispatcher, latest: number, now: () => number): Dispatcher {
  return dispatcher.compose((dispatch) => (options, handler) => {
    return dispatch(options, {
      onRequestStart: (controller, context) => {
        if (now() >= latest) {
          controller.abort(new DeadlineError('its time was over before it could be sent'));
        } else {
          handler.onRequestStart?.(controller, context);
        }
      },
      onResponseStart: (...head) => handler.onResponseStart?.(...head),
      onResponseData: (controller, chunk) => handler.onResponseData?.(controller, chunk),
      onResponseEnd: (controller, trailers) => handler.onResponseEnd?.(controller, trailers),
      onResponseError: (controller, error) => handler.onResponseError?.(controller, error),
    });
  });
}
