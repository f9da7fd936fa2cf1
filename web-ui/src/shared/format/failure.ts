// Every failure in words: the one place where an error becomes text. What a
// transport, a browser or a proxy says about itself ("Failed to fetch", "unknown",
// "[unavailable]") never reaches a reader; what the server says about the request
// does, as a sentence.
import { Code, ConnectError, decodeBinaryHeader } from "@connectrpc/connect";
import { HttpError, REQUEST_ID, type TextPlace } from "../api/http";
import { sentence } from "./sentence";

export type FailureKind = "offline" | "silent" | "signedOut" | "forbidden" | "missing" | "busy" | "refused" | "fault";

export interface Failure {
  kind: FailureKind;
  /** As a heading: "The server does not answer". */
  title: string;
  /** A sentence or two: what it means and what to do. */
  text: string;
  /** After a colon, without a full stop: "Not resolved: the server does not answer". */
  reason: string;
  /** Whether the same request may succeed later. */
  passing: boolean;
  /** What the server's log has it under; empty: the server did not answer. */
  id: string;
  /** Path of what the server refused in the request ("email", "filters.releases[0]"); empty: none. */
  field: string;
  /** Which part of that text is meant; null: the whole. */
  place: TextPlace | null;
}

export type { TextPlace };

/** Where the server names it. */
const FIELD = "errata-field";
const PLACE = "errata-position";
const SUGGESTION = "errata-suggestion-bin";

const statusCodes: Record<number, Code> = {
  400: Code.InvalidArgument,
  401: Code.Unauthenticated,
  403: Code.PermissionDenied,
  404: Code.NotFound,
  409: Code.AlreadyExists,
  413: Code.InvalidArgument,
  422: Code.InvalidArgument,
  429: Code.ResourceExhausted,
};

const kinds: Partial<Record<Code, FailureKind>> = {
  [Code.Unauthenticated]: "signedOut",
  [Code.PermissionDenied]: "forbidden",
  [Code.NotFound]: "missing",
  [Code.ResourceExhausted]: "busy",
  [Code.InvalidArgument]: "refused",
  [Code.FailedPrecondition]: "refused",
  [Code.AlreadyExists]: "refused",
  [Code.Aborted]: "refused",
  [Code.OutOfRange]: "refused",
  [Code.Internal]: "fault",
  [Code.DataLoss]: "fault",
  [Code.Unimplemented]: "fault",
};

function classify(error: unknown): { kind: FailureKind; message: string } {
  if (error instanceof HttpError) {
    const code = statusCodes[error.status];
    const kind =
      code === undefined
        ? error.status >= 500 && error.status !== 502 && error.status !== 503 && error.status !== 504
          ? "fault"
          : "silent"
        : (kinds[code] ?? "silent");
    return { kind, message: error.message };
  }
  const failure = ConnectError.from(error);
  // What is not among the kinds is the way there: refused, cut, timed out.
  return { kind: kinds[failure.code] ?? "silent", message: sentence(failure.rawMessage) };
}

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, "");

const idOf = (error: unknown): string =>
  error instanceof HttpError ? error.id : error instanceof ConnectError ? (error.metadata.get(REQUEST_ID) ?? "") : "";

/** `online`: what the browser says of the network. */
export const failureOf = (error: unknown, online: boolean = navigator.onLine): Failure => ({
  ...wordsOf(error, online),
  id: idOf(error),
  field: fieldOf(error),
  place: placeOf(error),
});

function placeOf(error: unknown): TextPlace | null {
  if (error instanceof HttpError) return error.place;
  if (!(error instanceof ConnectError)) return null;
  const [offset, length] = (error.metadata.get(PLACE) ?? "").split(",").map(Number);
  if (offset === undefined || length === undefined || Number.isNaN(offset + length)) return null;
  const suggestion = decodeBinaryHeader(error.metadata.get(SUGGESTION) ?? "");
  return { offset, length, suggestion: new TextDecoder().decode(suggestion) };
}

const fieldOf = (error: unknown): string =>
  error instanceof HttpError ? error.field : error instanceof ConnectError ? (error.metadata.get(FIELD) ?? "") : "";

function wordsOf(error: unknown, online: boolean): Omit<Failure, "id" | "field" | "place"> {
  const { kind, message } = classify(error);
  switch (kind) {
    case "silent":
      return online
        ? {
            kind,
            title: "The server does not answer",
            text: "It may be restarting. Nothing that was sent to it is lost.",
            reason: "the server does not answer",
            passing: true,
          }
        : {
            kind: "offline",
            title: "You are offline",
            text: "This device has no network. What is shown may be old.",
            reason: "this device is offline",
            passing: true,
          };
    case "offline":
    case "signedOut":
      return {
        kind: "signedOut",
        title: "Your session has ended",
        text: "Sign in to go on where you were.",
        reason: "your session has ended",
        passing: true,
      };
    case "forbidden":
      return {
        kind,
        title: "Not allowed",
        text: "Your role does not include this. Ask an owner.",
        reason: "your role does not include this",
        passing: false,
      };
    case "missing":
      return {
        kind,
        title: "Not found",
        text: message || "It may have expired, or the link is incomplete.",
        reason: message ? lowerFirst(message) : "it is not there any more",
        passing: false,
      };
    case "busy":
      return {
        kind,
        title: "Too much at once",
        text: "The server is turning requests away for the moment. Try again shortly.",
        reason: "the server is busy",
        passing: true,
      };
    case "refused":
      return {
        kind,
        title: "This could not be loaded",
        text: message || "The server refused the request.",
        reason: message ? lowerFirst(message) : "the server refused it",
        passing: false,
      };
    case "fault":
      return {
        kind,
        title: "The server failed at this",
        text: "The fault is the server's; its log says more under this id. Trying again may help.",
        reason: "the server failed at it",
        passing: true,
      };
  }
}
