import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A server on a unix socket of its own. */
export interface FakeServer {
  readonly path: string;
  close(): Promise<void>;
}

/** What an engine says of itself in the headers of every answer. */
export const engineHeaders = { 'Api-Version': '1.41', Server: 'Docker/20.10.24 (linux)' };

/** Greets as an engine does and leaves the rest to `answer`; `url` comes without the API version. */
export function fakeEngine(
  answer: (url: string, response: ServerResponse, request: IncomingMessage) => void,
): Promise<FakeServer> {
  return serve(
    createServer((request, response) => {
      const url = request.url ?? '';
      for (const [name, value] of Object.entries(engineHeaders)) response.setHeader(name, value);
      if (url === '/_ping') response.end('OK');
      else answer(url.replace(/^\/v1\.\d+/, ''), response, request);
    }),
  );
}

/** Answers everything, `/_ping` too, as it likes. */
export function fakeHttp(
  answer: (response: ServerResponse, request: IncomingMessage) => void,
): Promise<FakeServer> {
  return serve(createServer((request, response) => answer(response, request)));
}

/** Talks to each connection as it likes. */
export function fakeTcp(talk: (socket: Socket) => void): Promise<FakeServer> {
  return serve(createTcpServer(talk));
}

/** A path in a new folder, where nothing is yet. */
export function socketPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'stackc-fake-')), 'engine.sock');
}

async function serve(server: Server | TcpServer): Promise<FakeServer> {
  const path = socketPath();
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => {
    server.listen(path, resolve);
  });
  return {
    path,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      rmSync(join(path, '..'), { recursive: true, force: true });
    },
  };
}
