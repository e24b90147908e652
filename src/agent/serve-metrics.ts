import { once } from 'node:events';
import { rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ServedPlace } from '../compiler/metrics/served-places.ts';
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
  /** What became of a place, whenever that changes. */
  readonly onPlace: (place: ServedPlace) => void;
  readonly note: (line: string) => void;
  readonly stop: AbortSignal;
  /** From a place that cannot be had to the next try, and from one look at a socket to the next; default 10 s. */
  readonly againMs?: number;
}

/** Serves metrics at all of their places until it is stopped. A place that cannot be had is told of once, and tried again. */
export function serveMetrics(places: MetricsPlaces): void {
  const { socket, listen } = places;
  if (socket !== null)
    void keepServing(places, socket.shown, async (server) => {
      await takeSocket(server, socket.path, SOCKET_MODE);
      const { ino } = statSync(socket.path);
      return { isHeld: () => isAt(socket.path, ino), leave: () => leave(socket.path, ino) };
    });
  if (listen !== null)
    void keepServing(places, listen.shown, async (server) => {
      server.on('connection', (peer) => {
        if (!isFromHost(peer.remoteAddress)) peer.destroy();
      });
      server.listen(listen.port, listen.host);
      await once(server, 'listening');
      return { isHeld: () => true, leave: () => undefined };
    });
}

/** A place that was had. */
interface Held {
  /** Whether whoever asks there still comes here. */
  readonly isHeld: () => boolean;
  readonly leave: () => void;
}

async function keepServing(
  places: MetricsPlaces,
  at: string,
  take: (server: Server) => Promise<Held>,
): Promise<void> {
  const { note, onPlace, stop, againMs = AGAIN_MS } = places;
  let told = '';
  while (!stop.aborted) {
    const server = serverOf(places, at);
    try {
      const held = await take(server);
      note(`metrics are served at ${at}`);
      onPlace({ at, why: null });
      told = '';
      await whileHeld(server, held, places);
      if (!stop.aborted) note(`the socket ${at} is gone: it is made again`);
    } catch (error) {
      server.close();
      const why = error instanceof Refusal ? error.message : systemError(error);
      if (why !== told) {
        note(`no metrics at ${at}: ${why}; tried again until it can be had`);
        onPlace({ at, why });
      }
      told = why;
      await sleep(againMs, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}

/** Resolves once a place is lost, or when it is stopped, which leaves it at once. */
async function whileHeld(
  server: Server,
  { isHeld, leave: leavePlace }: Held,
  { stop, againMs = AGAIN_MS }: MetricsPlaces,
): Promise<void> {
  const end = (): void => {
    server.close();
    leavePlace();
  };
  stop.addEventListener('abort', end, { once: true });
  while (!stop.aborted && isHeld()) await sleep(againMs, undefined, { signal: stop }).catch(() => undefined);
  stop.removeEventListener('abort', end);
  end();
}

function serverOf({ text, contentType, note }: MetricsPlaces, at: string): Server {
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
  let told = '';
  // Where nobody could be let in, the next one may be; while it does not listen yet, whoever began it is told.
  server.on('error', (error) => {
    const why = systemError(error);
    if (server.listening && why !== told) note(`somebody could not be answered at ${at}: ${why}`);
    told = why;
  });
  return server;
}

/** Unless somebody else's has its name by now. Whoever comes next would replace it as well. */
function leave(socket: string, inode: number): void {
  if (isAt(socket, inode)) rmSync(socket, { force: true });
}

/** Whether a socket still has its name. No other gets its number while it listens. */
function isAt(socket: string, inode: number): boolean {
  return statSync(socket, { throwIfNoEntry: false })?.ino === inode;
}
