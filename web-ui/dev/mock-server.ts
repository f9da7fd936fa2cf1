// A pretend server for working on the UI without the real one: the services over
// gRPC-Web, sign-in, the test error, live changes. It keeps everything in memory
// and is never shipped.
//
//   npm run dev:mock            serve the API (and dist, if built) on 127.0.0.1:8470
//   MOCK=few|many|none          how much data (default many)
//   MOCK_PORT=8470              0: any free port
//   MOCK_QUIET=1                no live changes by themselves
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { mockFileBytes } from "./mock-reports";
import { routesOf } from "./mock-services";
import { type Amount, MockStore } from "./mock-store";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const BODY_MAX_BYTES = 1 << 20;

const amount = (process.env["MOCK"] ?? "many") as Amount;
const store = new MockStore(amount);
const api = connectNodeAdapter({ routes: routesOf(store), grpcWeb: true, connect: false, grpc: false });

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = "";
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > BODY_MAX_BYTES) break;
  }
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

function answer(response: ServerResponse, status: number, body?: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}

const cookie = { "set-cookie": "errata_session=mock; Path=/; HttpOnly; SameSite=Lax" };
const refuse = (code: string, message: string, field = "") => ({ error: { code, message, field } });

async function auth(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await bodyOf(request);
  switch (path) {
    case "/auth/sign-in":
      if (body["password"] === "wrong") return answer(response, 401, refuse("unauthenticated", "e-mail and password do not match"));
      return answer(response, 204, undefined, cookie);
    case "/auth/set-password":
      if (body["secret"] === "used") return answer(response, 403, refuse("forbidden", "this link has been used already"));
      if (typeof body["email"] === "string" && !body["email"].includes("@")) return answer(response, 400, refuse("invalid", "not an e-mail address", "email"));
      return answer(response, 204, undefined, cookie);
    default:
      return answer(response, 204, undefined, { "set-cookie": "errata_session=; Path=/; Max-Age=0" });
  }
}

async function file(path: string, response: ServerResponse): Promise<void> {
  const known = extname(path) === "" ? "index.html" : normalize(path).replace(/^(\.\.[/\\])+/, "");
  try {
    const content = await readFile(join(dist, known));
    response.writeHead(200, { "content-type": types[extname(known)] ?? "application/octet-stream" });
    response.end(content);
  } catch {
    answer(response, 404, refuse("not_found", "not built: run npm run build"));
  }
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (path.startsWith("/errata.v1.")) {
    // Statistics and the like take a moment on a real network too.
    if (process.env["MOCK_SLOW"]) await new Promise((resolve) => setTimeout(resolve, Number(process.env["MOCK_SLOW"])));
    return api(request, response);
  }
  if (path.startsWith("/auth/")) return auth(path, request, response);
  if (path === "/api/errors" && request.method === "POST") {
    const key = (request.headers.authorization ?? "").replace("Bearer ", "");
    const id = store.receive(key, await bodyOf(request));
    return id ? answer(response, 202, { id }) : answer(response, 403, refuse("forbidden", "unknown key"));
  }
  const download = /^\/api\/errors\/[0-9a-f]+\/attachments\/(\d+)$/.exec(path);
  if (download) {
    response.writeHead(200, { "content-type": "application/octet-stream" });
    response.end(mockFileBytes(Number(download[1])));
    return;
  }
  return file(path, response);
}

const server = createServer((request, response) => {
  handle(request, response).catch((cause: unknown) => answer(response, 500, refuse("internal", String(cause))));
});
server.listen(Number(process.env["MOCK_PORT"] ?? 8470), "127.0.0.1", () => {
  const address = server.address();
  if (address && typeof address === "object") console.log(`mock server on http://127.0.0.1:${address.port} (${amount} data)`);
});
if (!process.env["MOCK_QUIET"]) setInterval(() => store.happen(), 2500);
