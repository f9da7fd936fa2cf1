/** What a server answered. Only an answer of Errata's own form counts: anybody can send a 200. */
import { get, getString } from './safe.js';

/**
 * The error code of each result, empty for a stored one; undefined when the answer
 * is not that of Errata to a batch of `count` events.
 */
export function resultCodes(body: string, count: number): string[] | undefined {
  try {
    const results = get(JSON.parse(body), 'results') as unknown[];
    const codes = results.map((result) => {
      const error = get(result, 'error');
      if (!error && typeof get(result, 'id') !== 'string') throw result;
      return error ? (getString(error, 'code', 50) ?? 'invalid') : '';
    });
    return codes.length === count ? codes : undefined;
  } catch {
    return undefined;
  }
}

