// The few calls that are plain HTTP: sign-in, the test error, SQL.
import { sentence } from "../format/sentence";

/** A part of a text, in characters. */
export interface TextPlace {
  offset: number;
  /** 0: something is missing there. */
  length: number;
  /** What may have been meant instead; empty: nothing comes to mind. */
  suggestion: string;
}

/** The header in which the server says what its log has a request under. */
export const REQUEST_ID = "x-request-id";

/** An answer `{"error":{"code","message","field"}}`, or what stands for it. */
export class HttpError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly field: string,
    /** Seconds that the server asks to wait; 0: none. */
    readonly retryAfterS = 0,
    /** What the server's log has the request under; empty: it did not answer. */
    readonly id = "",
    /** Which part of the field's text is meant; null: the whole. */
    readonly place: TextPlace | null = null,
  ) {
    super(message);
  }
}

interface ErrorBody {
  error?: { message?: unknown; field?: unknown; position?: { offset: number; length: number }; suggestion?: unknown };
}

export async function postJson(path: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await answered(path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return parse(await response.text());
}

/** An answer that is no refusal. One that was given up by its signal fails as the browser says it. */
export async function answered(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { credentials: "include", ...init });
  } catch (cause) {
    if (init.signal?.aborted) throw cause;
    throw new HttpError(0, "The server cannot be reached. Check that it runs, then try again.", "");
  }
  if (response.ok) return response;
  const error = (parse(await response.text()) as ErrorBody | null)?.error;
  throw new HttpError(
    response.status,
    typeof error?.message === "string" ? sentence(error.message) : `The server answered ${response.status}.`,
    typeof error?.field === "string" ? error.field : "",
    Number(response.headers.get("retry-after")) || 0,
    response.headers.get(REQUEST_ID) ?? "",
    placeOf(error),
  );
}

function placeOf(error: ErrorBody["error"]): TextPlace | null {
  if (!error?.position) return null;
  const suggestion = typeof error.suggestion === "string" ? error.suggestion : "";
  return { offset: error.position.offset, length: error.position.length, suggestion };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
