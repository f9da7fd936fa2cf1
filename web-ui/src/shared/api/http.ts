// The few calls that are plain HTTP: sign-in and the test error.
import { sentence } from "../format/sentence";

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
  ) {
    super(message);
  }
}

interface ErrorBody {
  error?: { message?: unknown; field?: unknown };
}

export async function postJson(path: string, body: unknown, headers: Record<string, string> = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: "POST",
      credentials: "include",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  } catch {
    throw new HttpError(0, "The server cannot be reached. Check that it runs, then try again.", "");
  }
  const text = await response.text();
  const parsed: unknown = parse(text);
  if (response.ok) return parsed;
  const error = (parsed as ErrorBody | null)?.error;
  throw new HttpError(
    response.status,
    typeof error?.message === "string" ? sentence(error.message) : `The server answered ${response.status}.`,
    typeof error?.field === "string" ? error.field : "",
    Number(response.headers.get("retry-after")) || 0,
    response.headers.get(REQUEST_ID) ?? "",
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
