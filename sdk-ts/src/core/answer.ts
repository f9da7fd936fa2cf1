/** What a server answered. Only an answer of Errata's own form counts: anybody can send a 200. */
import { get, getString } from './safe.js';
import type { DropReason } from './stats.js';

/** Codes of results that are worth another try. */
export const AGAIN = /^(limited|overloaded|internal|timed_out)$/;

/** What an answer that acknowledges nothing says; 0 is none. */
export function troubleOf(status: number): DropReason {
  if (status === 413) return 'too_large';
  if (status === 408 || !status) return 'network';
  if (status === 429) return 'rate_limited';
  if (status >= 500) return 'overloaded';
  return status >= 400 ? 'refused' : 'unreadable_answer';
}

/**
 * The error code of each result, empty for a stored one; undefined when the answer
 * is not that of Errata to a batch of `count` events.
 */
export function resultCodes(body: string, count: number): string[] | undefined {
  try {
    const results = get(JSON.parse(body), 'results') as unknown[];
    const codes = results.map((result) => {
      const error = get(result, 'error');
      if (!error && !get(result, 'id')) throw result;
      return error ? (getString(error, 'code', 50) ?? 'invalid') : '';
    });
    return codes.length === count ? codes : undefined;
  } catch {
    return undefined;
  }
}
