// Outcomes of every kind, for the ingestion page.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { OutcomeKind, type OutcomeSchema } from "../src/gen/errata/v1/ingest_debug_pb";
import type { MockStore } from "./mock-store";

type Init = MessageInitShape<typeof OutcomeSchema>;

const startedMs = Date.now();
const SPACING_MS = 2_700;
const COUNT = 60;

const stored: Init = { kind: OutcomeKind.STORED, explanation: "Stored: it is on disk and will be in the issue list within a moment.", httpStatus: 200, itemType: "event" };
const kinds: Init[] = [
  stored,
  stored,
  {
    kind: OutcomeKind.NOT_KEPT, reason: "type_not_stored", explanation: "Errata does not keep this type of data.", httpStatus: 200, category: "transaction", itemType: "transaction", quantity: "12",
    advice: "Nothing is lost of your errors. To save traffic, switch tracing, profiling, replay or logs off in the SDK.",
  },
  stored,
  {
    kind: OutcomeKind.REFUSED, reason: "invalid", explanation: "It could not be read.", httpStatus: 400, path: "/api/errors", field: "error.frames[3].lineno", message: "must be a whole number, not a string", sdkName: "curl", sdkVersion: "8.5.0", client: "curl/8.5.0", encoding: "",
    advice: "Look at the field and position named here. If an unmodified SDK sent it, please report it as a defect of Errata.",
  },
  { kind: OutcomeKind.NOT_KEPT, reason: "duplicate", explanation: "An event with this id is stored already; this one was not stored again.", httpStatus: 200, advice: "Nothing to do: retries of a client end like this. Two different events need two ids." },
  {
    kind: OutcomeKind.REFUSED, reason: "too_large", explanation: "It is larger than the limit.", httpStatus: 413, message: "the body is larger than 104857600 bytes after decompression", receivedBytes: 192_311n,
    advice: "Send less: shorten strings, local variables and breadcrumbs, or split the batch. Sending the same again does not help.",
  },
  { kind: OutcomeKind.REFUSED, reason: "aborted", explanation: "The request ended before it was complete.", httpStatus: 0, clientGone: true, advice: "Look for time-outs in the client or in a proxy between; short-lived processes should flush the SDK before they end." },
];
const lost: Init[] = [
  { kind: OutcomeKind.REFUSED, reason: "forbidden", explanation: "The key is unknown, disabled, or of another project.", message: "unknown or disabled key", httpStatus: 403, advice: "Copy the DSN again from the project's page: its key must be enabled there, and its project number be this project's." },
  { kind: OutcomeKind.REFUSED, reason: "unknown_project", explanation: "There is no such project.", message: 'there is no project "42"', path: "/api/42/envelope/", httpStatus: 404, advice: "Copy the DSN again from the project's page: its last part is the project's number." },
];

/** Newest first. */
export function outcomesOf(store: MockStore, projectId: number): Init[] {
  const shapes = projectId === 0 ? lost : kinds;
  const events = store.issues.filter((mock) => mock.issue.projectId === projectId).flatMap((mock) => mock.events);
  if (projectId !== 0 && events.length === 0) return [];
  return Array.from({ length: projectId === 0 ? 5 : COUNT }, (_, number): Init => {
    const shape = shapes[number % shapes.length] ?? stored;
    const isStored = shape.kind === OutcomeKind.STORED;
    return {
      sequence: String(1_000_000 - number), receivedAt: timestampFromMs(startedMs - number * SPACING_MS), method: "POST", path: `/api/${projectId}/envelope/`, category: "error", quantity: "1",
      eventId: isStored || shape.reason === "duplicate" ? (events[number % events.length]?.id ?? "") : "", sdkName: "sentry.python", sdkVersion: "2.75.0", client: "sentry.python/2.75.0", encoding: "gzip",
      receivedBytes: BigInt(3_412 + number * 37), decompressedBytes: BigInt(19_480 + number * 211), tookUs: String(isStored ? 2_300 + number * 41 : 180 + number), publicKey: store.projects.find((each) => each.id === projectId)?.key ?? "", projectId,
      ...shape,
    };
  });
}
