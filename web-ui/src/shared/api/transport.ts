// gRPC-Web to the same origin, with the session cookie. A call without a valid
// session tells the app, which asks the reader to sign in.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";

/** Longer than the server's own wait for a position (1 s), shorter than patience. */
const UNARY_TIMEOUT_MS = 15_000;

let onSignedOut: () => void = () => undefined;

/** Called once, by the app, with what to do when the session has ended. */
export function whenSignedOut(handler: () => void): void {
  onSignedOut = handler;
}

const watchSession: Interceptor = (next) => async (request) => {
  try {
    return await next(request);
  } catch (cause) {
    if (ConnectError.from(cause).code === Code.Unauthenticated) onSignedOut();
    throw cause;
  }
};

export const transport = createGrpcWebTransport({
  baseUrl: window.location.origin,
  defaultTimeoutMs: UNARY_TIMEOUT_MS,
  interceptors: [watchSession],
  fetch: (input, init) => fetch(input, { ...init, credentials: "include" }),
});
