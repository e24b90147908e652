import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';

/** An engine behind TLS on loopback that lets nobody in without a certificate of its authority. */
export interface TlsProxy {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Makes an authority with a certificate for 127.0.0.1 and one for a client, as `ca.pem`, `cert.pem`, `key.pem` (the
 * client's, as docker names them), `server-cert.pem` and `server-key.pem` of a new folder.
 */
export function makeCertificates(folder: string): void {
  mkdirSync(folder, { recursive: true });
  const openssl = (...args: readonly string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca-key.pem',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=test CA',
  );
  const sign = (name: string, prefix: string, extensions: string) => {
    writeFileSync(join(folder, 'extensions'), extensions);
    openssl('req', ...key, '-keyout', `${prefix}key.pem`, '-out', 'request', '-subj', `/CN=${name}`);
    const authority = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial'];
    openssl(
      'x509',
      '-req',
      '-in',
      'request',
      ...authority,
      '-days',
      '2',
      '-extfile',
      'extensions',
      '-out',
      `${prefix}cert.pem`,
    );
  };
  sign('engine', 'server-', 'subjectAltName = IP:127.0.0.1\n');
  sign('client', '', 'extendedKeyUsage = clientAuth\n');
}

/** Passes decrypted bytes on to the unix socket `target`, and back, half-closed connections included. */
export async function tlsProxy(certificates: string, target: string): Promise<TlsProxy> {
  const read = (name: string) => readFileSync(join(certificates, name));
  const sockets = new Set<Socket>();
  const options = { requestCert: true, rejectUnauthorized: true, allowHalfOpen: true };
  const server = createServer(
    { ...options, ca: read('ca.pem'), cert: read('server-cert.pem'), key: read('server-key.pem') },
    (client) => {
      const engine = connect({ path: target, allowHalfOpen: true });
      for (const socket of [client, engine]) {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('close', () => {
          client.destroy();
          engine.destroy();
        });
      }
      client.pipe(engine);
      engine.pipe(client);
    },
  );
  server.on('connection', (socket: Socket) => sockets.add(socket));
  // Who is refused is told by the client.
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  return {
    port: address.port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
