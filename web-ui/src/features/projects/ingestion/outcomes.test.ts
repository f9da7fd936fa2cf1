import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { OutcomeKind, OutcomeSchema } from "@/gen/errata/v1/ingest_debug_pb";
import { size } from "@/shared/format/size";
import { merge } from "../api/listOutcomes";
import { answerOf, kindOf, lineOf, sdkOf, took, whatOf } from "./outcomes";

const outcome = (fields: MessageInitShape<typeof OutcomeSchema>) =>
  create(OutcomeSchema, { category: "error", quantity: "1", ...fields });

describe("outcomes", () => {
  it("say what came", () => {
    expect(whatOf(outcome({ itemType: "event" }))).toBe("error");
    expect(whatOf(outcome({ category: "transaction", itemType: "transaction", quantity: "12" }))).toBe(
      "12 × transaction",
    );
    expect(whatOf(outcome({ category: "unknown", itemType: "from_the_future" }))).toBe("from the future");
  });

  it("say why, with the field", () => {
    expect(lineOf(outcome({ kind: OutcomeKind.REFUSED, field: "error.type", message: "must be a string" }))).toBe(
      "error.type: must be a string",
    );
    expect(lineOf(outcome({ kind: OutcomeKind.NOT_KEPT, explanation: "Errata does not keep this." }))).toBe(
      "Errata does not keep this.",
    );
    expect(lineOf(outcome({ kind: OutcomeKind.STORED, eventId: "0123456789abcdef0123456789abcdef" }))).toBe(
      "Event 01234567",
    );
  });

  it("say how it was answered", () => {
    expect(answerOf(outcome({ httpStatus: 413 }))).toBe("413");
    expect(answerOf(outcome({ httpStatus: 200, grpcCode: 11 }))).toBe("gRPC 11");
    expect(answerOf(outcome({ clientGone: true }))).toBe("client left");
    expect(answerOf(outcome({}))).toBe("no answer yet");
  });

  it("say who sent it and how long it took", () => {
    expect(sdkOf(outcome({ sdkName: "sentry.python", sdkVersion: "2.75.0" }))).toBe("sentry.python 2.75.0");
    expect(sdkOf(outcome({}))).toBe("");
    expect([took("340"), took("2300"), took("48600"), took("1234567")]).toEqual(["340 µs", "2.3 ms", "49 ms", "1.2 s"]);
    expect([size(0), size(999), size(1_234), size(20_971_520), size(123_456)]).toEqual([
      "0 B",
      "999 B",
      "1.2 kB",
      "20.9 MB",
      "123 kB",
    ]);
  });

  it("are merged newest first, each once", () => {
    const [first, second, third] = ["1", "2", "3"].map((sequence) => outcome({ sequence }));
    if (!first || !second || !third) throw new Error("three were made");
    expect(merge([third, second], [second, first]).map((each) => each.sequence)).toEqual(["3", "2", "1"]);
  });

  it("are chosen by the words of the URL", () => {
    expect(kindOf("refused")).toEqual(["refused", OutcomeKind.REFUSED]);
    expect(kindOf("nonsense")).toEqual(["all", OutcomeKind.UNSPECIFIED]);
    expect(kindOf(null)).toEqual(["all", OutcomeKind.UNSPECIFIED]);
  });
});
