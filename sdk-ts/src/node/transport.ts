/**
 * Requests by node:http, not by fetch: a socket of our own can be told not to keep the
 * process alive, and an older Node, `--no-experimental-fetch` or a test environment may
 * have no fetch. Nobody follows a redirect, at most `ANSWER_BYTES_MAX` of an answer are read.
 */
import { Agent, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Dsn } from '../core/dsn.js';
import { ANSWER_BYTES_MAX, type Reply } from '../core/platform.js';
import { cleanUrl } from '../core/url.js';

/** An answer later than this counts as none. */
const REQUEST_MS_MAX = 15_000;
/** Smaller bodies are not worth compressing. */
const GZIP_CHARS_MIN = 1_024;
/** How often a request looks whether it is all that is left of the process. */
const LOOK_MS = 250;
/** How long such a process waits for it. */
const ALONE_MS_MAX = 2_000;
/** What Node calls the parts of a request that it cannot let go of: they hold the process whatever a socket is told. */
const OURS = /^((TCP)?ConnectWrap|GetAddrInfoReqWrap|WriteWrap|ShutdownWrap)$/;

const deflate = promisify(gzip);

export interface Transport {
  send: (body: string) => Promise<Reply>;
  /** Breaks off the request under way; it counts as unanswered. */
  hangUp: () => void;
}

export function transport(dsn: Dsn): Transport {
  const tls = dsn.batchUrl.startsWith('https:');
  const agent = tls ? new TlsAgent({ keepAlive: true, maxSockets: 1 }) : new Agent({ keepAlive: true, maxSockets: 1 });
  let current: ClientRequest | undefined;

  const attempt = (headers: Record<string, string | number>, body: string | Buffer): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const options = { method: 'POST', headers, agent };
      const outgoing = tls ? tlsRequest(dsn.batchUrl, options) : request(dsn.batchUrl, options);
      current = outgoing;
      const deadline = setTimeout(() => outgoing.destroy(new Error('no answer in time')), REQUEST_MS_MAX).unref();
      const look = whenAlone(() => outgoing.destroy(new Error('the process ends')));
      const fail = (error: unknown): void => {
        // The server had closed a connection that we kept: no failure of the server.
        if (outgoing.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET') {
          attempt(headers, body).then(resolve, reject);
        } else reject(error instanceof Error ? error : new Error('no answer'));
      };
      outgoing
        .on('socket', (socket) => {
          socket.unref();
        })
        .on('response', (response) => {
          receive(response).then(resolve, fail);
        })
        .on('error', fail)
        .on('close', () => {
          clearTimeout(deadline);
          clearInterval(look);
        })
        .end(body);
    });

  return {
    async send(text) {
      const headers: Record<string, string | number> = {
        'Content-Type': 'application/json',
        Authorization: `Bearer ${dsn.publicKey}`,
      };
      let body: string | Buffer = text;
      if (text.length >= GZIP_CHARS_MIN) {
        body = await deflate(text);
        headers['Content-Encoding'] = 'gzip';
      }
      headers['Content-Length'] = Buffer.byteLength(body);
      return attempt(headers, body);
    },
    hangUp() {
      current?.destroy(new Error('the process ends'));
    },
  };
}

async function receive(response: IncomingMessage): Promise<Reply> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    // Leaving the loop destroys the response and its connection.
    if (bytes > ANSWER_BYTES_MAX) break;
  }
  const { statusCode, headers } = response;
  const { location } = headers;
  return {
    status: statusCode ?? 0,
    retryAfterMs: retryAfterMs(headers['retry-after'], headers.date),
    ...(location !== undefined && { location: cleanUrl(location) }),
    body: Buffer.concat(chunks).toString(),
  };
}

/** Seconds, or a date: read by the clock of who wrote it, when that is told. */
export function retryAfterMs(value: string | undefined, date: string | undefined): number | undefined {
  if (!value?.trim()) return undefined;
  const seconds = Number(value);
  if (!Number.isNaN(seconds)) return seconds * 1_000;
  const now = Date.parse(date ?? '');
  const ms = Date.parse(value) - (Number.isNaN(now) ? Date.now() : now);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Calls back when for `ALONE_MS_MAX` nothing but requests of this kind kept the process alive. */
function whenAlone(act: () => void): NodeJS.Timeout {
  let left = ALONE_MS_MAX;
  return setInterval(() => {
    left = process.getActiveResourcesInfo().every((name) => OURS.test(name)) ? left - LOOK_MS : ALONE_MS_MAX;
    if (left <= 0) act();
  }, LOOK_MS).unref();
}
