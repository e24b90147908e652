import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { served, servedOverTcp, type Served } from '../load.ts';
import { MOODY_SERVER } from '../moody-server.ts';
import type { StackFolder } from '../stack-cli.ts';
import {
  again,
  balancerAgain,
  behindHaproxy,
  fixedSocket,
  overTcp,
  reloadedHaproxy,
  rewritten,
  set,
  type Edit,
} from '../verdict/case.ts';
import { sidekiq, startJobs } from './jobs.ts';
import type { Traffic } from './traffic.ts';
import type { CrashScene } from './scene.ts';
import type { Fault } from './faults.ts';

/** One way of changing a stack, whose apply is cut off at each of its steps. */
export interface Strategy {
  readonly name: string;
  readonly stack: (folder: StackFolder, name: string, port: number) => Served;
  /** What the apply that is cut off changes. */
  readonly change: Edit;
  /** The change is to a version that fails and goes back; this one, which works, is applied afterwards. */
  readonly mend?: Edit;
  /** What the file says by the time of the next apply, where that is another thing. */
  readonly next?: Edit;
  /** Applied undisturbed before each case, where the change cannot be made again and again. */
  readonly back?: Edit;
  /** Who asks something of it meanwhile; clients over HTTP where it is not said, nobody where it is null. */
  readonly traffic?: ((scene: CrashScene) => { stop(): Promise<Traffic> }) | null;
  /** Nothing is there before. */
  readonly isFirst?: boolean;
  /** Faults in which requests fail, and why nobody can help that. */
  readonly mayFail?: Readonly<Partial<Record<Fault, string>>>;
  /** What is asked of it is lost with a restart of the engine. */
  readonly forgets?: boolean;
  /** Nobody serves from the stop of the old one on until the next apply, should the engine restart in between. */
  readonly stopsAll?: boolean;
}

const patient = (text: string) => text.replace('fall 2', 'fall 100');
/** Slow to come back to whoever was away: an apply that does not wait for it loses requests each time, not now and then. */
const slowToReturn = (text: string) => text.replace('downinter 250ms', 'downinter 3s');
const stopFirst = { strategy: { order: 'stop-first' } };

const DIES_WITH_THE_AGENT = 'what the agent holds ends with it';
const GAP = 'it binds its path itself, alone: the plan says `gap`';
const NAMELESS = 'nobody has the name between the two renames: the plan says `unproven`';

const siblings = behindHaproxy(
  'node',
  (made) => {
    fixedSocket(made);
    set(stopFirst)(made);
  },
  slowToReturn,
);

export const strategies: readonly Strategy[] = [
  { name: 'swap', stack: behindHaproxy('unicorn', set({ stop_timeout: 10 })), change: again },
  { name: 'swap-one', stack: behindHaproxy('node', set({ containers: 1 })), change: again },
  { name: 'siblings', stack: siblings, change: again },
  { name: 'undone', stack: siblings, change: again, next: before },
  {
    name: 'hold',
    stack: behindHaproxy('node', set({ containers: 1, ...stopFirst }), patient),
    change: again,
    mayFail: { agent: DIES_WITH_THE_AGENT },
    stopsAll: true,
  },
  {
    name: 'hold-fixed',
    stack: behindHaproxy(
      'node',
      (made) => {
        fixedSocket(made);
        set({ containers: 1 })(made);
      },
      patient,
    ),
    change: again,
    mayFail: { kill: GAP, agent: GAP, cut: GAP },
    stopsAll: true,
  },
  { name: 'told', stack: told(), change: again },
  { name: 'told-stop-first', stack: told(set(stopFirst)), change: again },
  {
    name: 'names',
    stack: lookedUp,
    change: again,
    mayFail: { kill: NAMELESS, agent: NAMELESS, cut: NAMELESS },
  },
  { name: 'host', stack: onTheHost, change: balancerAgain },
  { name: 'back', stack: behindHaproxy('node', moody), change: mood('broken@app1'), mend: mood('') },
  {
    name: 'more',
    stack: behindHaproxy('node'),
    change: set({ containers: 4 }),
    back: set({ containers: 2 }),
  },
  {
    name: 'fewer',
    stack: behindHaproxy('node', set({ containers: 4 })),
    change: set({ containers: 2 }),
    back: set({ containers: 4 }),
  },
  {
    name: 'worker',
    stack: sidekiq,
    change: again,
    traffic: startJobs,
    stopsAll: true,
    forgets: true,
  },
  {
    name: 'reload',
    stack: reloadedHaproxy('option idle-close-on-response'),
    change: rewritten('haproxy.cfg'),
  },
  {
    name: 'first',
    stack: behindHaproxy('node', set({ containers: 1 })),
    change: () => undefined,
    traffic: null,
    isFirst: true,
    stopsAll: true,
  },
];

/** No stack's name is the beginning of another's. */
export function stackName({ name }: Strategy): string {
  return `crash-${name.replaceAll('-', '')}`;
}

function moody({ app }: Served): void {
  Object.assign(app, {
    entrypoint: ['node', '-e', MOODY_SERVER],
    command: ['/var/lib/haproxy/socks/%{app_name}.sock'],
  });
}

/** The generation before. */
function before({ app }: Served): void {
  const env = app['env'] as Record<string, string>;
  env['GENERATION'] = String(Number(env['GENERATION']) - 1);
}

/** Another generation, in this mood. */
function mood(words: string): Edit {
  return (made) => {
    again(made);
    Object.assign(made.app['env'] as object, { MOOD: words });
  };
}

/** haproxy in the host's network: two generations of it on one port at a time. */
function onTheHost(folder: StackFolder, name: string, port: number): Served {
  const made = served(folder, name, port, 'node', (config) =>
    config
      .replace('bind :8080', `bind 127.0.0.1:${port}`)
      .replace('option http-server-close', 'option http-server-close\n  option idle-close-on-response')
      .replace('timeout client 60s', 'timeout client 60s\n  timeout http-keep-alive 2s'),
  );
  delete made.haproxy['ports'];
  Object.assign(made.haproxy, { network: 'host', port, strategy: { order: 'start-first' } });
  return made;
}

function told(edit: Edit = () => undefined) {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = servedOverTcp(folder, name, port, 'node');
    edit(made);
    return made;
  };
}

/** In front of a single instance: looks its name up for each request. */
const FRONT = `const http = require('http');
http.createServer((asked, answer) => {
  const { method, url, headers } = asked;
  const ask = http.request({ host: 'app0', port: 3000, method, path: url, headers, agent: false }, (got) => {
    answer.writeHead(got.statusCode, got.headers);
    got.pipe(answer);
  });
  ask.on('error', () => { answer.statusCode = 502; answer.end(); });
  asked.pipe(ask);
}).listen(8080);
process.on('SIGTERM', () => process.exit(0));
`;

function lookedUp(folder: StackFolder, name: string, port: number): Served {
  const made = overTcp(folder, name, port);
  const file = join(folder.folder, 'front.js');
  writeFileSync(file, FRONT);
  Object.assign(made.app, { command: ['node', '0.0.0.0:3000'], stop_signal: 'TERM' });
  Object.assign(made.haproxy, {
    image: 'stackc-example/servers:1',
    entrypoint: ['node', '/front.js'],
    volumes: [`${file}:/front.js:ro`],
  });
  return made;
}
