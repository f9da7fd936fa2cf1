import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { HttpError } from "../api/http";
import { failureOf } from "./failure";

const TRANSPORT_WORDS = /fetch|network ?error|unknown|unavailable|deadline|\[|http|abort|grpc|bearer/i;

describe("a failure in words", () => {
  test.each<[unknown, string]>([
    [new TypeError("Failed to fetch"), "the server does not answer"],
    [new TypeError("NetworkError when attempting to fetch resource."), "the server does not answer"],
    [new TypeError("Load failed"), "the server does not answer"],
    [new ConnectError("HTTP 502", Code.Unavailable), "the server does not answer"],
    [new ConnectError("the operation timed out", Code.DeadlineExceeded), "the server does not answer"],
    [new ConnectError("missing trailer", Code.Unknown), "the server does not answer"],
    [new DOMException("The user aborted a request.", "AbortError"), "the server does not answer"],
    [
      new ConnectError('Sign in, or send an API token as "Authorization: Bearer TOKEN"', Code.Unauthenticated),
      "your session has ended",
    ],
    [new ConnectError("only an owner may do this", Code.PermissionDenied), "your role does not include this"],
    [new ConnectError("", Code.NotFound), "it is not there any more"],
    [new ConnectError("issue_ids: at most 1,000", Code.InvalidArgument), "at most 1,000"],
    [new ConnectError("index out of bounds: grpc", Code.Internal), "the server failed at it"],
    [new ConnectError("quota", Code.ResourceExhausted), "the server is busy"],
    [new HttpError(0, "x", ""), "the server does not answer"],
    [new HttpError(503, "x", ""), "the server does not answer"],
    [new HttpError(500, "x", ""), "the server failed at it"],
    [new HttpError(429, "x", ""), "the server is busy"],
    [new HttpError(400, "Must be given.", "email"), "must be given"],
    [undefined, "the server does not answer"],
  ])("%s", (error, reason) => {
    const failure = failureOf(error, true);
    expect(failure.reason).toBe(reason);
    expect(`${failure.title} ${failure.text} ${failure.reason}`).not.toMatch(TRANSPORT_WORDS);
  });

  test("names what the server's log has it under", () => {
    const headers = new Headers({ "x-request-id": "0123456789abcdef0123456789abcdef" });
    expect(failureOf(new ConnectError("x", Code.Internal, headers)).id).toBe("0123456789abcdef0123456789abcdef");
    expect(failureOf(new HttpError(500, "x", "", 0, "fedc")).id).toBe("fedc");
    expect(failureOf(new TypeError("Failed to fetch")).id).toBe("");
  });

  test("without a network it is the device, not the server", () => {
    expect(failureOf(new TypeError("Failed to fetch"), false).reason).toBe("this device is offline");
    expect(failureOf(new ConnectError("x", Code.PermissionDenied), false).kind).toBe("forbidden");
  });
});
