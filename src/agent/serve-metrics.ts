import { once } from 'node:events';
import { statSync, unlinkSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { isFromHost } from './from-host.ts';
import { Refusal } from './refusal.ts';
import { systemError } from './system-error.ts';
import { takeSocket } from './take-socket.ts';

/** Root, and the group of the folder where that is passed on (setgid). */
const SOCKET_MODE = 0o660;

const AGAIN_MS = 10_000;

const MOST_CONNECTIONS = 16;
const REQUEST_MS = 10_000;

/** Where metrics are served, and what. */
export interface MetricsPlaces {
  /** Null: at no socket. `shown`: as the host calls it. */
  readonly socket: { readonly path: string; readonly shown: string } | null;
  /** Null: at no port. */
  readonly listen: { readonly host: string; readonly port: number; readonly shown: string } | null;
  /** All of them; asked for again for each request. */
  readonly text: () => Promise<string>;
  readonly contentType: string;
  readonly note: (line: string) => void;
  readonly stop: AbortSignal;
  /** From a place that cannot be had to the next try; default 10 s. */
  readonly againMs?: number;
}

/** Serves metrics at all of their places until it is stopped. A place that cannot be had is told of once, and tried again. */
export function serveMetrics(places: MetricsPlaces): void {
  const { socket, listen } = places;
  if (socket !== null)
    void keepServing(places, socket.shown, async (server) => {
      await takeSocket(server, socket.path, SOCKET_MODE);
      const { ino } = statSync(socket.path);
      places.stop.addEventListener('abort', () => leave(socket.path, ino), { once: true });
    });
  if (listen !== null)
    void keepServing(places, listen.shown, async (server) => {
      server.on('connection', (peer) => {
        if (!isFromHost(peer.remoteAddress)) peer.destroy();
      });
      server.listen(listen.port, listen.host);
      await once(server, 'listening');
    });
}

async function keepServing(
  places: MetricsPlaces,
  at: string,
  begin: (server: Server) => Promise<void>,
): Promise<void> {
  const { note, stop, againMs = AGAIN_MS } = places;
  let told = '';
  while (!stop.aborted) {
    try {
      await begin(serverOf(places));
      return note(`metrics are served at ${at}`);
    } catch (error) {
      const why = error instanceof Refusal ? error.message : systemError(error);
      if (why !== told) note(`no metrics at ${at}: ${why}; tried again until it can be had`);
      told = why;
      await sleep(againMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

function serverOf({ text, contentType, note, stop }: MetricsPlaces): Server {
  const server = createServer({ requestTimeout: REQUEST_MS }, (request, answer) => {
    const end = (status: number, words: string, headers: Readonly<Record<string, string>> = {}) => {
      answer.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers });
      answer.end(request.method === 'HEAD' ? '' : words);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return end(405, 'metrics are only read\n', { allow: 'GET, HEAD' });
    if ((request.url ?? '').split('?')[0] !== '/metrics') return end(404, 'metrics are at /metrics\n');
    text().then(
      (metrics) => end(200, metrics, { 'content-type': contentType }),
      (error: unknown) => {
        note(`metrics could not be told: ${systemError(error)}`);
        end(500, 'metrics cannot be told; `stack agent logs` says why\n');
      },
    );
  });
  server.maxConnections = MOST_CONNECTIONS;
  stop.addEventListener('abort', () => server.close(), { once: true });
  return server;
}

/** Unless somebody else's has its name by now. Whoever comes next would replace it as well. */
function leave(socket: string, inode: number): void {
  try {
    if (statSync(socket).ino === inode) unlinkSync(socket);
  } catch {
    // Somebody has removed it.
  }
}
