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

/** What an engine answers to `GET /version`. */
export const versionAnswer = {
  Version: '20.10.24',
  ApiVersion: '1.41',
  MinAPIVersion: '1.12',
  Os: 'linux',
  Arch: 'amd64',
};

/** Answers `/version` as an engine does and leaves the rest to `answer`; `url` comes without the API version. */
export function fakeEngine(
  answer: (url: string, response: ServerResponse, request: IncomingMessage) => void,
): Promise<FakeServer> {
  return serve(
    createServer((request, response) => {
      const url = request.url ?? '';
      if (url === '/version') response.end(JSON.stringify(versionAnswer));
      else answer(url.replace(/^\/v1\.\d+/, ''), response, request);
    }),
  );
}

/** Answers everything, `/version` too. */
export function fakeHttp(answer: (response: ServerResponse) => void): Promise<FakeServer> {
  return serve(createServer((_request, response) => answer(response)));
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
