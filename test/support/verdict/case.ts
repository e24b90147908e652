import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { served, type Served } from '../load.ts';
import { ROOT, type Loose, type StackFolder } from '../stack-cli.ts';

/** What a plan says of all its changes together; null: nothing it does touches requests. */
export type Said = 'zero-downtime' | 'gap' | 'unproven' | null;

/** Who asks while the change is made. */
export interface Clients {
  readonly anew: number;
  readonly kept: number;
  readonly pauseMs: number;
  /** How long each POST is sent. */
  readonly uploadMs?: number;
  /** How far away they are, one way. */
  readonly latencyMs?: number;
}

/** How the length of a gap is known. */
export type Length = 'about' | 'instant' | 'lasting' | 'at-most';

/** One (stack, change), and what the plan is to say of it. */
export interface VerdictCase {
  readonly name: string;
  /** What stands before; where it is not said, what the case before this one has left. */
  readonly stack?: (folder: StackFolder, name: string, port: number) => Served;
  /** Applied to that before. */
  readonly before?: Edit;
  readonly change: Edit;
  readonly said: Said;
  /** The rule that decides; null where none does. */
  readonly rule: string | null;
  /** What a gap's length is to be known by; `about`, a measured one, unless written. */
  readonly length?: Length;
  /** The change is made once before, so that its times are known. */
  readonly twice?: boolean;
  /** How many clients connect anew and how many keep their connections, and how long each waits between two requests. */
  readonly clients?: Clients;
  /** Of `stack plan` and `stack apply`. */
  readonly args?: readonly string[];
  /** What clients ask for, where it takes more than quick requests to see the gap. */
  readonly paths?: readonly string[];
}

export type Server = Parameters<typeof served>[3];
export type Edit = (made: Served) => void;

export function behindHaproxy(server: Server, edit: Edit = () => {}, config?: (text: string) => string) {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = served(folder, name, port, server, config);
    edit(made);
    return made;
  };
}

/** Its configuration from `files`, reloaded by a signal. */
export function reloadedHaproxy(more: string) {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = served(folder, name, port, 'unicorn', (text) =>
      text
        .replace('mode http', `mode http\n  ${more}`)
        .replace('level admin', 'level admin expose-fd listeners'),
    );
    delete made.haproxy['volumes'];
    Object.assign(made.haproxy, {
      entrypoint: ['haproxy', '-W', '-db', '-f', '/etc/haproxy/haproxy.cfg'],
      files: {
        '/etc/haproxy/haproxy.cfg': { file: 'haproxy.cfg', user: 'haproxy', reload: { signal: 'USR2' } },
      },
    });
    return made;
  };
}

export function reloadedNginx(location: string) {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = behindNginx('unicorn', location)(folder, name, port);
    delete made.haproxy['volumes'];
    made.haproxy['files'] = { '/etc/nginx/nginx.conf': { file: 'nginx.conf', reload: { signal: 'HUP' } } };
    return made;
  };
}

/** Another text in a configuration that lies beside the stack file. */
export const edited =
  (file: string, edit: (text: string) => string): Edit =>
  ({ folder }) => {
    const path = join(folder.folder, file);
    writeFileSync(path, edit(readFileSync(path, 'utf8')));
  };

/** Another word in it. */
export const rewritten = (file: string): Edit => edited(file, (text) => `${text}# changed\n`);

/** A haproxy on a socket between the published one and the servers. */
export const behindAnother: Edit = (made) => {
  const { folder, haproxy } = made;
  const inner = readFileSync(join(ROOT, 'bench/haproxy.cfg'), 'utf8');
  writeFileSync(
    join(folder.folder, 'inner.cfg'),
    inner.replace('bind :8080', 'bind "unix@${LISTEN}" mode 666'),
  );
  const outer = inner.replace(/ {2}server app[1-3].*\n/g, '').replace('app0.sock', 'inner0.sock');
  writeFileSync(join(folder.folder, 'haproxy.cfg'), outer);
  haproxy['depends_on'] = ['inner'];
  const own: Loose = {
    image: 'stackc-example/haproxy:1',
    depends_on: ['app'],
    volumes_from: ['socks'],
    volumes: [`${join(folder.folder, 'inner.cfg')}:/etc/haproxy/haproxy.cfg:ro`],
    socket: '/var/lib/haproxy/socks/%{app_name}.sock',
    env: { LISTEN: '%{socket}' },
    health: { path: '/ping' },
    drain_timeout: 60,
  };
  beside('inner', own)(made);
};

/** nginx instead of haproxy, from a configuration that names the sockets `app0` and `app1`. */
export function behindNginx(server: Server, location: string, upstream = '') {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = served(folder, name, port, server);
    const config = join(folder.folder, 'nginx.conf');
    writeFileSync(config, nginxConfig(location, upstream));
    Object.assign(made.haproxy, {
      image: 'stackc-example/nginx:1',
      volumes: [`${config}:/etc/nginx/nginx.conf:ro`],
    });
    return made;
  };
}

/** An nginx of its own port beside haproxy, which lets connections be upgraded. */
export function behindNginxToo(made: Served, port: number): void {
  const config = join(made.folder.folder, 'nginx.conf');
  const upgrade =
    'proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $upgraded;';
  const map = 'map $http_upgrade $upgraded { default upgrade; "" close; }';
  const text = nginxConfig(`${upgrade} proxy_read_timeout 2s;`, '');
  writeFileSync(config, text.replace('http {', `http {\n  ${map}`).replace(/.*app1.sock.*\n/, ''));
  const nginx: Loose = {
    image: 'stackc-example/nginx:1',
    depends_on: ['app'],
    volumes_from: ['socks'],
    volumes: [`${config}:/etc/nginx/nginx.conf:ro`],
    ports: [`127.0.0.1:${port}:8080`],
    health: { path: '/ping' },
    port: 8080,
  };
  beside('nginx', nginx)(made);
}

const nginxConfig = (location: string, upstream: string) => `user root;
worker_processes 1;
events { worker_connections 1024; }
http {
  access_log off;
  upstream app {
    server unix:/var/lib/haproxy/socks/app0.sock max_fails=0;
    server unix:/var/lib/haproxy/socks/app1.sock max_fails=0;
    ${upstream}
  }
  server {
    listen 8080;
    location / {
      proxy_pass http://app;
      ${location}
    }
  }
}
`;

/** Without a balancer: one instance on a port of the host. */
export function onHostPort(folder: StackFolder, name: string, port: number): Served {
  const made = served(folder, name, port, 'node');
  Object.assign(made.app, {
    containers: 1,
    command: ['node', '0.0.0.0:8080'],
    // Connections that clients keep hold it up.
    stop_timeout: 2,
    ports: [`127.0.0.1:${port}:8080`],
    port: 8080,
  });
  delete made.app['socket'];
  only(made, 'app');
  return made;
}

/** The same in the host's network. */
export function onHostNetwork(folder: StackFolder, name: string, port: number): Served {
  const made = onHostPort(folder, name, port);
  delete made.app['ports'];
  return Object.assign(made, {
    app: Object.assign(made.app, { network: 'host', port, command: ['node', `127.0.0.1:${port}`] }),
  });
}

/** A single instance with files of its own, whose socket cannot move: no word of the file names it. */
export function oneWriter(program: string) {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = served(folder, name, port, 'node');
    const script = join(folder.folder, program);
    writeFileSync(script, '#!/bin/sh\nexec node server.mjs "$DIRECTORY/$NAME.sock"\n', { mode: 0o755 });
    fixedSocket(made);
    Object.assign(made.app, {
      containers: 1,
      entrypoint: [`/usr/local/bin/${program}`],
      volumes: [`${script}:/usr/local/bin/${program}:ro`],
      volumes_from: ['socks', 'counted', 'records'],
    });
    loadOf(made).data_volumes.push({ records: { volumes: ['/var/records'] } });
    return made;
  };
}

/** One instance that haproxy finds by name. */
export function overTcp(folder: StackFolder, name: string, port: number): Served {
  const byName = (text: string) =>
    text.replace(/unix@\S*\/(app\d)\.sock/g, '$1:3000').replace(/.*app[1-3]:.*\n/g, '');
  const made = served(folder, name, port, 'unicorn', byName);
  Object.assign(made.app, { containers: 1, command: ['unicorn', '0.0.0.0:3000'], port: 3000 });
  delete made.app['socket'];
  made.haproxy['links'] = ['app0'];
  return made;
}

function only(made: Served, name: string): void {
  const load = loadOf(made);
  load.containers = load.containers.filter((entry) => name in entry);
}

interface Application {
  containers: Record<string, Loose>[];
  readonly data_volumes: Record<string, Loose>[];
}

function loadOf({ stack }: Served): Application {
  return (stack['deploy'] as { readonly load: Application }).load;
}

/** One more container beside the others. */
export const beside =
  (name: string, container: Loose): Edit =>
  (made) =>
    void loadOf(made).containers.push({
      [name]: { deploy: 'auto', image: 'stackc-example/servers:1', ...container },
    });

/** Changes a container by its name. */
export const changing =
  (name: string, change: (container: Loose) => void): Edit =>
  (made) => {
    const entry = loadOf(made).containers.find((container) => name in container);
    if (entry?.[name] !== undefined) change(entry[name]);
  };

/** Removes a container, or gives it another name. */
export const renaming =
  (name: string, to: string | null): Edit =>
  (made) => {
    const containers = loadOf(made).containers;
    const at = containers.findIndex((container) => name in container);
    const container = containers[at]?.[name] ?? {};
    containers.splice(at, 1, ...(to === null ? [] : [{ [to]: container }]));
  };

/** Does nothing but end when it is told to. */
export const WORKER: Loose = {
  entrypoint: ['node'],
  command: ['-e', 'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000)'],
  env: { GENERATION: '1' },
};

/** The path is put together by a shell, so that no word of the file names it. */
export function fixedSocket({ app }: Served): void {
  Object.assign(app, {
    entrypoint: ['sh', '-c', 'exec /app/serve node "$DIRECTORY/$NAME.sock"'],
    command: [],
    env: { GENERATION: '1', DIRECTORY: '/var/lib/haproxy/socks', NAME: '%{app_name}' },
  });
}

export const set =
  (fields: Loose): Edit =>
  ({ app }) =>
    void Object.assign(app, fields);

/** A new generation of a container. */
export const renewed = (container: Loose): void => {
  const env = container['env'] as Loose | undefined;
  container['env'] = { ...env, GENERATION: String(Number(env?.['GENERATION'] ?? 1) + 1) };
};

/** A new generation of the application. */
export const again: Edit = ({ app }) => renewed(app);

/** A new generation of the balancer. */
export const balancerAgain: Edit = ({ haproxy }) => renewed(haproxy);

export const keepingConnections = (text: string) => text.replace('option http-server-close\n', '');
export const neverAgain = (text: string) =>
  text.replace('retries 3', 'retries 0').replace('option redispatch 1', 'no option redispatch');
export const passingBytes = (text: string) =>
  keepingConnections(text).replace('mode http', 'mode tcp').replace('option httpchk GET /ping', '');

/** Enough to end soon where connections are never let go. */
export const SOON = { drain_timeout: 2, stop_timeout: 2 };
/** Built from the servers' image for these tests, which differs from it in a variable. */
export const NEXT_IMAGE = 'stackc-e2e/servers:next';

export const KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";';
