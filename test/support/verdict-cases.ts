import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { served, type Served } from './load.ts';
import type { Loose, StackFolder } from './stack-cli.ts';

/** What a plan says of all its changes together; null: nothing it does touches requests. */
export type Said = 'zero-downtime' | 'gap' | 'unproven' | null;

/** One (stack, change), and what the plan is to say of it. */
export interface VerdictCase {
  readonly name: string;
  readonly stack: (folder: StackFolder, name: string, port: number) => Served;
  readonly change: (made: Served) => void;
  readonly said: Said;
  /** The rule that decides; null where none does. */
  readonly rule: string | null;
  /** What clients ask for, where it takes more than quick requests to see the gap. */
  readonly paths?: readonly string[];
}

type Server = Parameters<typeof served>[3];
type Edit = (made: Served) => void;

function behindHaproxy(server: Server, edit: Edit = () => {}, config?: (text: string) => string) {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = served(folder, name, port, server, config);
    edit(made);
    return made;
  };
}

/** nginx instead of haproxy, from a configuration that names the sockets `app0` and `app1`. */
function behindNginx(server: Server, location: string, upstream = '') {
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
function onHostPort(folder: StackFolder, name: string, port: number): Served {
  const made = served(folder, name, port, 'node');
  Object.assign(made.app, {
    containers: 1,
    command: ['node', '0.0.0.0:8080'],
    ports: [`127.0.0.1:${port}:8080`],
    port: 8080,
  });
  delete made.app['socket'];
  only(made, 'app');
  return made;
}

/** Two instances that haproxy finds by name. */
function overTcp(folder: StackFolder, name: string, port: number): Served {
  const byName = (text: string) =>
    text.replace(/unix@\S*\/(app\d)\.sock/g, '$1:3000').replace(/.*app[23]:.*\n/g, '');
  const made = served(folder, name, port, 'unicorn', byName);
  Object.assign(made.app, { command: ['unicorn', '0.0.0.0:3000'], port: 3000 });
  delete made.app['socket'];
  made.haproxy['links'] = ['app0', 'app1'];
  return made;
}

function only({ stack }: Served, name: string): void {
  const deploy = stack['deploy'] as Record<string, { containers: Record<string, Loose>[] }>;
  for (const application of Object.values(deploy))
    application.containers = application.containers.filter((entry) => name in entry);
}

function withWorker(made: Served): void {
  const deploy = made.stack['deploy'] as Record<string, { containers: Record<string, Loose>[] }>;
  const code = 'process.on("SIGTERM", () => process.exit(0)); setInterval(() => {}, 1000)';
  const worker = {
    deploy: 'auto',
    image: 'stackc-example/servers:1',
    entrypoint: ['node'],
    command: ['-e', code],
    env: { GENERATION: '1' },
  };
  deploy['load']?.containers.push({ worker });
}

/** The path is put together by a shell, so that no word of the file names it. */
function fixedSocket({ app }: Served): void {
  Object.assign(app, {
    entrypoint: ['sh', '-c', 'exec /app/serve node "$DIRECTORY/$NAME.sock"'],
    command: [],
    env: { GENERATION: '1', DIRECTORY: '/var/lib/haproxy/socks', NAME: '%{app_name}' },
  });
}

const set =
  (fields: Loose): Edit =>
  ({ app }) =>
    void Object.assign(app, fields);

/** A new generation of the application. */
const again: Edit = ({ app }) =>
  void Object.assign(app, { env: { ...(app['env'] as Loose), GENERATION: '2' } });

const balancerAgain: Edit = ({ haproxy }) => void Object.assign(haproxy, { env: { GENERATION: '2' } });

const keepingConnections = (text: string) => text.replace('option http-server-close\n', '');
const neverAgain = (text: string) =>
  text.replace('retries 3', 'retries 0').replace('option redispatch 1', 'no option redispatch');
const passingBytes = (text: string) =>
  keepingConnections(text).replace('mode http', 'mode tcp').replace('option httpchk GET /ping', '');

/** Enough to end soon where connections are never let go. */
const SOON = { drain_timeout: 2, stop_timeout: 2 };
const KEPT = 'proxy_http_version 1.1; proxy_set_header Connection "";';

export const verdictCases: readonly VerdictCase[] = [
  ...(['unicorn', 'puma', 'gunicorn', 'node'] as const).map(
    (server): VerdictCase => ({
      name: `two ${server}s on sockets`,
      // haproxy waits 60 s for an answer, and whether node finishes what it has is not known.
      stack: behindHaproxy(server, set({ drain_timeout: 60 })),
      change: again,
      said: 'zero-downtime',
      rule: 'socket-swap',
    }),
  ),
  {
    name: 'a single unicorn on its socket',
    stack: behindHaproxy('unicorn', set({ containers: 1 })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a stop signal that kills, drained before',
    stack: behindHaproxy('unicorn', set({ stop_signal: 'KILL', drain_timeout: 60 })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'no time to stop, drained before',
    stack: behindHaproxy('puma', set({ stop_timeout: 0, drain_timeout: 60 })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that never tries again',
    stack: behindHaproxy('unicorn', undefined, neverAgain),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'both at once',
    stack: behindHaproxy('unicorn', set({ strategy: { batch: 2 } })),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that keeps connections to puma, which is killed',
    stack: behindHaproxy('puma', set({ ...SOON, stop_signal: 'KILL' }), keepingConnections),
    change: again,
    said: 'unproven',
    rule: 'kept-connections',
  },
  {
    name: 'a haproxy that would keep connections to unicorn, which closes them',
    stack: behindHaproxy('unicorn', undefined, keepingConnections),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'a haproxy that passes bytes to unicorn',
    stack: behindHaproxy('unicorn', undefined, passingBytes),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'an nginx that connects anew, before puma',
    stack: behindNginx('puma', ''),
    change: again,
    said: 'zero-downtime',
    rule: 'socket-swap',
  },
  {
    name: 'an nginx that keeps connections to node, which is killed',
    stack: (...where) => {
      const made = behindNginx('node', KEPT, 'keepalive 16;')(...where);
      Object.assign(made.app, { ...SOON, stop_signal: 'KILL' });
      return made;
    },
    change: again,
    said: 'unproven',
    rule: 'kept-connections',
  },
  {
    name: 'a port of the host',
    stack: onHostPort,
    change: again,
    said: 'gap',
    rule: 'host-port',
  },
  {
    name: 'the haproxy itself, at a port of the host',
    stack: behindHaproxy('unicorn'),
    change: balancerAgain,
    said: 'gap',
    rule: 'host-port',
  },
  {
    name: 'names that haproxy looked up at its start',
    stack: overTcp,
    change: again,
    said: 'gap',
    rule: 'resolved-once',
  },
  {
    name: 'from two to four',
    stack: behindHaproxy('unicorn'),
    change: set({ containers: 4 }),
    said: null,
    rule: null,
  },
  {
    name: 'from four to two',
    stack: behindHaproxy('unicorn', set({ containers: 4 })),
    change: set({ containers: 2 }),
    said: 'zero-downtime',
    rule: 'removed',
  },
  {
    name: 'from four to two, before a haproxy that never tries again',
    stack: behindHaproxy('unicorn', set({ containers: 4 }), neverAgain),
    change: set({ containers: 2 }),
    said: 'gap',
    rule: 'no-second-try',
  },
  {
    name: 'a connect as its readiness',
    stack: behindHaproxy('unicorn', set({ health: { tcp: true } })),
    change: again,
    said: 'unproven',
    rule: 'connect-proves-nothing',
  },
  {
    name: 'a worker',
    stack: behindHaproxy('unicorn', withWorker),
    change: ({ stack }) => {
      const deploy = stack['deploy'] as Record<string, { containers: Record<string, Loose>[] }>;
      const entry = deploy['load']?.containers.find((container) => 'worker' in container);
      Object.assign(entry?.['worker'] ?? {}, { env: { GENERATION: '2' } });
    },
    said: 'zero-downtime',
    rule: 'worker',
  },
  {
    name: 'a restart policy',
    stack: behindHaproxy('unicorn'),
    change: set({ restart: 'always' }),
    said: 'zero-downtime',
    rule: 'updated-in-place',
  },
  {
    name: 'stop-first, as written, one after the other',
    stack: behindHaproxy('unicorn', set({ strategy: { order: 'stop-first' } })),
    change: again,
    said: 'zero-downtime',
    rule: 'taken-away',
  },
  {
    name: 'stop-first, as written, and alone',
    stack: behindHaproxy('unicorn', set({ containers: 1, strategy: { order: 'stop-first' } })),
    change: again,
    said: 'unproven',
    rule: 'held-and-checked',
  },
  {
    name: 'a socket that cannot move, and alone',
    stack: behindHaproxy('node', (made) => {
      fixedSocket(made);
      made.app['containers'] = 1;
    }),
    change: again,
    said: 'gap',
    rule: 'held-but-bound',
  },
];
