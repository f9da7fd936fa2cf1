// Feedback, files and what arrived, for the mock server.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { AttachmentSchema } from "../src/gen/errata/v1/event_read_pb";
import type { ListArrivalsResponse, ListFeedbackRequest } from "../src/gen/errata/v1/project_pb";
import type { MockStore } from "./mock-store";

const ids = (character: string) => character.repeat(32);

export const mockFiles = (): MessageInitShape<typeof AttachmentSchema>[] => [
  { number: 0, name: "checkout.log", contentType: "text/plain", attachmentType: "event.attachment", sizeBytes: 312n },
  { number: 1, name: "screen.png", contentType: "image/png", attachmentType: "event.attachment", sizeBytes: 70n },
  { number: 2, name: "4f0c1d9a-crash.dmp", contentType: "application/x-dmp", attachmentType: "event.minidump", sizeBytes: 1_843_200n },
];

/** What the mock server answers for the bytes of a file. */
export const mockFileBytes = (number: number): Buffer =>
  number === 1
    ? Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64")
    : Buffer.from("12:04:31 cart 8841 opened\n12:04:33 GET /api/prices 200 41 ms\n12:04:36 POST /api/checkout 500 812 ms\n12:04:36 retry in 2 s\n".repeat(3));

export function mockFeedback(store: MockStore, request: ListFeedbackRequest) {
  const first = store.issues[0];
  const own = first && (request.issueId === first.issue.id || request.projectId === first.issue.projectId);
  if (!own) return { feedback: [] };
  const about = { projectId: first.issue.projectId, eventId: first.issue.lastEventId, issueId: first.issue.id, release: "shop@2.4.0", environment: "production" };
  const now = Date.now();
  const written = [
    { ...about, id: ids("a"), name: "Jane Meyer", email: "jane@example.com", message: "I pressed Pay and nothing happened.\nThen the page went blank and my cart was gone — please help, I need this by Friday.", url: "https://shop.example/checkout", receivedAt: timestampFromMs(now - 240_000) },
    { ...about, id: ids("b"), email: "t.okafor@example.org", message: "Same as yesterday.", eventId: ids("c"), receivedAt: timestampFromMs(now - 7_200_000) },
    { ...about, id: ids("d"), name: "Ana", message: "The button is cut off on my phone.", eventId: "", issueId: "", url: "https://shop.example/cart", receivedAt: timestampFromMs(now - 90_000_000), attachments: mockFiles().slice(1, 2) },
  ];
  return { feedback: request.issueId ? written.filter((each) => each.issueId === request.issueId) : written };
}

export const mockArrivals = (hours: number): MessageInitShapeOf => {
  const scale = BigInt(Math.max(1, Math.round(hours / 24)));
  const row = (category: string, reason: string, count: bigint) => ({ category, reason, count: count * scale });
  return {
    received: [row("error", "", 18_422n), row("session", "", 9_310n), row("attachment", "", 214n), row("feedback", "", 3n), row("transaction", "type_not_stored", 120_391n), row("span", "type_not_stored", 88_120n), row("replay", "type_not_stored", 112n), row("error", "duplicate", 31n), row("attachment", "too_large", 2n)],
    droppedByClients: [row("error", "before_send", 640n), row("span", "no_parent_span", 4_112n), row("error", "ratelimit_backoff", 12n)],
  };
};

type MessageInitShapeOf = Pick<{ [Key in keyof ListArrivalsResponse]: { category: string; reason: string; count: bigint }[] }, "received" | "droppedByClients">;
