/**
 * Sending while a process dies: its event loop does not turn any more, so a thread of its
 * own sends, and this one waits for it. Nothing of the application runs in that thread.
 */
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { Dsn } from '../core/dsn.js';

/** Runs in the thread: sends each body that comes, and tells by `done` that its answer is in. */
const SENDER = `
const { workerData: { url, key, port, done } } = require('node:worker_threads');
const { request } = require(url.startsWith('https:') ? 'node:https' : 'node:http');
port.on('message', (body) => {
  const finish = (stored) => {
    port.postMessage(stored);
    Atomics.add(done, 0, 1);
    Atomics.notify(done, 0);
  };
  const headers = { 'Content-Type': 'application/json', Authorization: 'Bearer ' + key, 'Content-Length': Buffer.byteLength(body) };
  request(url, { method: 'POST', headers }, (response) => {
    response.resume();
    finish(response.statusCode === 202);
  }).on('error', () => finish(false)).end(body);
});
`;

export interface LastWords {
  /** Sends one body; true when the server took it. Blocks this thread, for all calls together at most `msMax`. */
  send(body: string): boolean;
  end(): void;
}

export function lastWords(dsn: Dsn, msMax: number): LastWords {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const { port1: near, port2: far } = new MessageChannel();
  const until = performance.now() + msMax;
  const worker = new Worker(SENDER, {
    eval: true,
    workerData: { url: dsn.batchUrl, key: dsn.publicKey, port: far, done },
    transferList: [far],
    // No preloaded modules: one of them may start this SDK again.
    execArgv: [],
    env: { ...process.env, NODE_OPTIONS: '' },
    stdout: true,
    stderr: true,
  });
  worker.unref();
  near.unref();
  return {
    send(body) {
      const before = Atomics.load(done, 0);
      near.postMessage(body);
      if (Atomics.wait(done, 0, before, Math.max(0, until - performance.now())) === 'timed-out') return false;
      return receiveMessageOnPort(near)?.message === true;
    },
    end() {
      void worker.terminate();
    },
  };
}
