/** The account of events: captured = sent + unconfirmed + queued + Σ dropped, at any time. */

/** Why an event did not reach the server. */
export type DropReason =
  /** The queue was full: the server is slow or gone, or errors come in a storm. */
  | 'queue_full'
  /** The same error object was captured before. */
  | 'duplicate'
  /** `beforeSend` answered null. */
  | 'before_send'
  /** `beforeSend` threw. The event may hold what it was to remove, so it is not sent. */
  | 'before_send_failed'
  /** Above the size limit of an event even after trimming. */
  | 'too_large'
  /** The server said this event is invalid. */
  | 'rejected'
  /** The server refused the request (400, 401, 403, 404 ...): a wrong key or DSN. */
  | 'refused'
  /** Retries were used up: no connection. */
  | 'network'
  /** Retries were used up: 429. */
  | 'rate_limited'
  /** Retries were used up: 5xx. */
  | 'overloaded'
  /** Captured after `close`, or left over when `close` timed out. */
  | 'closed'
  /** A defect of this SDK. */
  | 'internal';

export interface Stats {
  /** Every call of a capture function, and every error a global handler saw. */
  captured: number;
  /** Acknowledged by the server: on its disk. */
  sent: number;
  /** Handed to the browser while the page went away; nobody tells whether they arrived. */
  unconfirmed: number;
  /** Waiting or on their way. */
  queued: number;
  dropped: Partial<Record<DropReason, number>>;
}

export class Counters {
  captured = 0;
  sent = 0;
  unconfirmed = 0;
  readonly #dropped: Partial<Record<DropReason, number>> = {};

  drop(reason: DropReason, count = 1): void {
    if (count > 0) this.#dropped[reason] = (this.#dropped[reason] ?? 0) + count;
  }

  snapshot(queued: number): Stats {
    const { captured, sent, unconfirmed } = this;
    return { captured, sent, unconfirmed, queued, dropped: { ...this.#dropped } };
  }
}
