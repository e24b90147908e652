import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A server for one test, and what came to it. */
export interface TestServer {
  readonly server: Server;
  /** The TCP port; 0 for a socket. */
  readonly port: number;
  /** What each connection has sent so far. */
  readonly heard: string[];
  readonly close: () => Promise<void>;
}

/** Listens on a socket path, or with 0 on a free port of 127.0.0.1; `serve` gets each connection's first bytes. */
export async function listen(where: string | 0, serve: (socket: Socket) => void): Promise<TestServer> {
  const heard: string[] = [];
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => undefined);
    socket.once('data', (chunk) => {
      heard.push(chunk.toString('utf8'));
      serve(socket);
    });
  });
  if (where === 0) server.listen(0, '127.0.0.1');
  else server.listen(where);
  await once(server, 'listening');
  const address = server.address();
  return {
    server,
    port: typeof address === 'object' && address !== null ? address.port : 0,
    heard,
    close: async () => {
      for (const socket of open) socket.destroy();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

/** Answers each connection with these bytes, and ends it unless told otherwise. */
export function says(bytes: string, then: 'end' | 'stay' | 'reset' = 'end'): (socket: Socket) => void {
  return (socket) => {
    socket.write(bytes, () => {
      if (then === 'end') socket.end();
      if (then === 'reset') socket.resetAndDestroy();
    });
  };
}
