// What each script needs: what it is told on standard input, a receiver of webhooks, the person at the phone.

import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';

/** How long a webhook may take; only a failing script waits so long. */
const PATIENCE = 30_000;

const told = JSON.parse(readFileSync(0, 'utf8'));

/** The phone that the script writes with. */
export const phone = told.phone;

/** The settings with which one connects to an account of a source: the first one that is wanted. */
export const account = (source, wanted = () => true) =>
  told.accounts.find((a) => a.source === source && wanted(a.set)).set;

/** A call to the simulator's control API. */
export async function control(method, path, body) {
  const answer = await fetch(`${told.simulator}/sim/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(PATIENCE),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
}

/** The person writes. */
export const write = (provider, text) => control('POST', `/phones/${phone}/messages`, { type: 'text', provider, text });

/** Receives webhooks, answers 200 and keeps them with their raw bytes. */
export class Receiver {
  #hooks = [];
  #waiting = [];

  static async start() {
    const receiver = new Receiver();
    const server = createServer((request, response) => {
      const pieces = [];
      request.on('data', (piece) => pieces.push(piece));
      request.on('end', () => {
        receiver.#keep({ path: request.url, headers: request.headers, body: Buffer.concat(pieces) });
        response.end();
      });
    });
    await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
    receiver.url = `http://127.0.0.1:${server.address().port}`;
    return receiver;
  }

  #keep(hook) {
    this.#hooks.push(hook);
    this.#waiting = this.#waiting.filter((look) => !look());
  }

  /** The first webhook that satisfies a condition. */
  until(what, wanted) {
    return new Promise((found, lost) => {
      const late = setTimeout(() => lost(new Error(`no webhook: ${what}`)), PATIENCE);
      const look = () => {
        const hook = this.#hooks.find(wanted);
        if (hook) {
          clearTimeout(late);
          found(hook);
        }
        return hook;
      };
      if (!look()) this.#waiting.push(look);
    });
  }
}

/** The same bytes with one bit of one byte changed. */
export function changed(bytes) {
  const other = Buffer.from(bytes);
  other[other.length >> 1] ^= 1;
  return other;
}

/** Says what came out, as one line of JSON, and ends. */
export function say(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
