/** Events as the text of one request. */
import { toJsonWhole } from './safe.js';
import type { WireEvent } from './wire.js';

export interface Prepared {
  json: string;
  bytes: number;
}

const ENVELOPE_BYTES = '{"errors":[]}'.length;

export function toBody(batch: readonly Prepared[]): string {
  return `{"errors":[${batch.map((entry) => entry.json).join()}]}`;
}

/** Takes from the front what fits in one request, at least one. */
export function take<T extends Prepared>(list: T[], bytesMax: number, eventsMax: number): T[] {
  let count = 0;
  let bytes = ENVELOPE_BYTES;
  for (const entry of list) {
    bytes += entry.bytes + 1;
    if (count && (bytes > bytesMax || count >= eventsMax)) break;
    count++;
  }
  return list.splice(0, count);
}

/**
 * The event as JSON with its bytes; empty when it cannot be had. Above `bytesMax` it goes
 * without what makes events large: most of the breadcrumbs, extras, state.
 */
export function toWire(event: WireEvent, bytesMax: number, bytesOf: (text: string) => number): Prepared {
  let json = '';
  let bytes = 0;
  try {
    try {
      json = JSON.stringify(event);
    } catch {
      // What `beforeSend` added: a BigInt, a cycle, a getter that throws.
      json = JSON.stringify(toJsonWhole(event));
    }
    bytes = bytesOf(json);
    if (bytes > bytesMax) {
      const { extra: _extra, context, ...rest } = JSON.parse(json) as WireEvent;
      json = JSON.stringify({ ...rest, context: { breadcrumbs: context?.breadcrumbs?.slice(-10) } });
      bytes = bytesOf(json);
    }
  } catch {
    json = '';
  }
  return { json, bytes };
}
