// What an outcome is called on the page.
import { OutcomeKind, type Outcome } from "@/gen/errata/v1/ingest_debug_pb";

export type KindName = "all" | "stored" | "not-kept" | "refused";

export const KINDS: readonly (readonly [name: KindName, text: string, kind: OutcomeKind])[] = [
  ["all", "All", OutcomeKind.UNSPECIFIED],
  ["stored", "Stored", OutcomeKind.STORED],
  ["not-kept", "Not kept", OutcomeKind.NOT_KEPT],
  ["refused", "Refused", OutcomeKind.REFUSED],
];

export const kindOf = (name: string | null): readonly [KindName, OutcomeKind] => {
  const found = KINDS.find(([each]) => each === name);
  return found ? [found[0], found[2]] : ["all", OutcomeKind.UNSPECIFIED];
};

/** "too_large" → "too large". */
export const words = (label: string): string => label.replaceAll("_", " ");

/** "sentry.python 2.75.0"; empty: not known. */
export const sdkOf = ({ sdkName, sdkVersion }: Outcome): string => [sdkName, sdkVersion].filter(Boolean).join(" ");

/** What came, in a word or two: "error", "12 × transaction". */
export function whatOf({ itemType, category, quantity }: Outcome): string {
  const type = words(itemType && itemType !== "event" ? itemType : category);
  const count = Number(quantity);
  return count > 1 ? `${count} × ${type}` : type;
}

/** The one line that tells why. */
export function lineOf(outcome: Outcome): string {
  if (outcome.kind === OutcomeKind.STORED) return outcome.eventId ? `Event ${outcome.eventId.slice(0, 8)}` : "Stored";
  const where = outcome.field ? `${outcome.field}: ` : "";
  return outcome.message ? where + outcome.message : outcome.explanation;
}

/** "200", "gRPC 3", "no answer". */
export function answerOf({ httpStatus, grpcCode, clientGone }: Outcome): string {
  if (clientGone) return "client left";
  if (httpStatus === 0) return "no answer yet";
  return grpcCode === undefined ? String(httpStatus) : `gRPC ${grpcCode}`;
}

/** From the request's head to the fate, in microseconds as the API has them. */
export function took(us: string): string {
  const ms = Number(us) / 1000;
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
