/** Events as the text of one request. */
import { toJsonWhole } from './safe.js';
import type { DropReason, Stats } from './stats.js';
import type { WireDiscardedEvents, WireEvent } from './wire.js';

export interface Prepared {
  jsonText: string;
  /** Of the text in UTF-8. */
  jsonBytes: number;
}

/** An event to be sent. */
export interface Sendable extends Prepared {
  /** How many equal errors it stands for. */
  times: number;
}

/** Bytes that a request has besides its events, and an event besides its own. */
const ENVELOPE_BYTES = '{"errors":[]}'.length;
const COUNT_BYTES = ',"count":100000,'.length;

/** `discarded`: what the server shall hear of events that do not come. */
export function toBody(batch: readonly Sendable[], discarded: readonly WireDiscardedEvents[] = []): string {
  const errors = batch.map(({ jsonText, times }) =>
    times > 1 ? `${jsonText.slice(0, -1)},"count":${times}}` : jsonText,
  );
  return `{"errors":[${errors.join()}]${discarded.length ? `,"discarded_events":${JSON.stringify(discarded)}` : ''}}`;
}

/** What was dropped since the server was told so much. */
export function discardedSince(told: Stats['dropped'], dropped: Stats['dropped']): WireDiscardedEvents[] {
  return Object.entries(dropped).flatMap(([reason, count]) => {
    const quantity = count - (told[reason as DropReason] ?? 0);
    return quantity ? [{ reason, quantity }] : [];
  });
}

/** Takes from the front what fits in one request, at least one. */
export function take<T extends Prepared>(list: T[], bytesMax: number, eventsMax: number): T[] {
  let count = 0;
  let bytes = ENVELOPE_BYTES;
  for (const entry of list) {
    bytes += entry.jsonBytes + COUNT_BYTES;
    if (count && (bytes > bytesMax || count >= eventsMax)) break;
    count++;
  }
  return list.splice(0, count);
}

/**
 * The event as JSON; undefined when it cannot be had. Above `bytesMax` it goes without what
 * makes events large: most of the breadcrumbs, extras, state. `id` is for one that
 * `beforeSend` took it from: without it a retry would make a second event.
 */
export function toWire(
  event: WireEvent,
  id: string,
  bytesMax: number,
  bytesOf: (text: string) => number,
): Prepared | undefined {
  const write = (whole: WireEvent): string => JSON.stringify({ ...whole, id: whole.id || id });
  try {
    let jsonText: string;
    try {
      jsonText = write(event);
    } catch {
      // What `beforeSend` added: a BigInt, a cycle, a getter that throws.
      jsonText = write(toJsonWhole(event) as WireEvent);
    }
    if (bytesOf(jsonText) > bytesMax) {
      const { extra: _extra, context, ...rest } = JSON.parse(jsonText) as WireEvent;
      jsonText = JSON.stringify({ ...rest, context: { breadcrumbs: context?.breadcrumbs?.slice(-10) } });
    }
    return { jsonText, jsonBytes: bytesOf(jsonText) };
  } catch {
    return undefined;
  }
}
