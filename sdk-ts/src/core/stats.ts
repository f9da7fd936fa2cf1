/**
 * The account of errors: captured = sent + unconfirmed + queued + Σ dropped, at any time.
 * An event that stands for many equal errors counts as many times.
 */

/** Why an event did not reach the server. */
export type DropReason =
  /** The queue was full: the server is slow or gone, or errors come in a storm. The commonest go first. */
  | 'queue_full'
  /** The same error object was captured before. */
  | 'duplicate'
  /** `beforeSend` answered null. */
  | 'before_send'
  /** `beforeSend` threw, or answered no event. The event may hold what it was to remove, so it is not sent. */
  | 'before_send_failed'
  /** Captured by `beforeSend` itself, which would have no end. */
  | 'inside_before_send'
  /** Above the size limit of an event even after trimming. */
  | 'too_large'
  /** The server said this event is invalid. */
  | 'rejected'
  /** The server refused the request (400, 401, 403, 404 ...): a wrong key or DSN. */
  | 'refused'
  /** Somebody answered, but not Errata: a login page, a redirect. Given up after some tries. */
  | 'unreadable_answer'
  /** A day without a connection. */
  | 'network'
  /** A day of 429. */
  | 'rate_limited'
  /** A day of 5xx. */
  | 'overloaded'
  /** Captured after `close`, or left over when `close` timed out. */
  | 'closed'
  /** A defect of this SDK. */
  | 'internal';

export const noStats = (): Stats => ({ captured: 0, sent: 0, unconfirmed: 0, queued: 0, dropped: {} });

export interface Stats {
  /** Every call of a capture function, and every error a global handler saw. */
  captured: number;
  /** Acknowledged by the server: on its disk. */
  sent: number;
  /** Handed over while the page or the process went away, and not confirmed yet. */
  unconfirmed: number;
  /** Waiting or on their way. */
  queued: number;
  dropped: Partial<Record<DropReason, number>>;
}
