/** What tests of whole processes share: the SDK as files, a server that can misbehave, scripts. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { WireEvent } from '../src/core/wire';

export const KEY = '0123456789abcdef0123456789abcdef';

type Answer = (response: ServerResponse, events: WireEvent[]) => void;

/** Errata's own answer. */
export const accept: Answer = (response, events) => {
  const results = events.map(({ id }) => ({ id }));
  response.writeHead(202, { 'Content-Type': 'application/json' }).end(JSON.stringify({ results }));
};

export class FakeServer {
  /** Answers in order; when used up, everything is stored. */
  answers: Answer[] = [];
  /** Of each request. */
  batches: WireEvent[][] = [];
  requests: { url: string; authorization: string; encoding: string }[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(port = 0): Promise<FakeServer> {
    const server = createServer().listen(port, '127.0.0.1');
    const fake = new FakeServer(server);
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      fake.#take(request, response);
    });
    await once(server, 'listening');
    return fake;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get dsn(): string {
    return `http://${KEY}@127.0.0.1:${this.port}/in/1`;
  }

  get events(): WireEvent[] {
    return this.batches.flat();
  }

  get messages(): (string | undefined)[] {
    return this.events.map((event) => event.error?.message);
  }

  reset(): void {
    this.answers = [];
    this.batches = [];
    this.requests = [];
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => {
        const encoding = request.headers['content-encoding'] ?? '';
        const raw = Buffer.concat(chunks);
        const { errors } = JSON.parse((encoding === 'gzip' ? gunzipSync(raw) : raw).toString()) as {
          errors: WireEvent[];
        };
        this.batches.push(errors);
        this.requests.push({ url: request.url ?? '', authorization: request.headers.authorization ?? '', encoding });
        (this.answers.shift() ?? accept)(response, errors);
      });
  }
}

export interface Outcome {
  code: number;
  signal: string;
  stdout: string;
  stderr: string;
}

/** A folder with the SDK as sdk.mjs and sdk.cjs, in which scripts run. */
export class Workshop {
  readonly folder = mkdtempSync(join(tmpdir(), 'errata-sdk-'));

  async build(): Promise<void> {
    const shared = {
      entryPoints: [join(import.meta.dirname, '../src/node/index.ts')],
      bundle: true,
      platform: 'node' as const,
    };
    await build({ ...shared, format: 'esm', outfile: join(this.folder, 'sdk.mjs') });
    await build({ ...shared, format: 'cjs', outfile: join(this.folder, 'sdk.cjs') });
  }

  /** Runs a script that has the SDK as `errata`. */
  run(script: string, { flags = [] as string[], name = 'app.mjs', timeoutMs = 20_000 } = {}): Promise<Outcome> {
    const load = name.endsWith('.cjs')
      ? "const errata = require('./sdk.cjs');"
      : "import * as errata from './sdk.mjs';";
    const file = this.write(name, `${load}\n${script}\n`);
    return new Promise((resolve) => {
      execFile(
        process.execPath,
        [...flags, file],
        { timeout: timeoutMs, cwd: this.folder, killSignal: 'SIGKILL' },
        (error, stdout, stderr) => {
          resolve({ code: error ? Number(error.code ?? -1) : 0, signal: error?.signal ?? '', stdout, stderr });
        },
      );
    });
  }

  write(name: string, text: string): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  close(): void {
    rmSync(this.folder, { recursive: true });
  }
}
