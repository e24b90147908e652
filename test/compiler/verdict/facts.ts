import type { FrontView } from '../../../src/compiler/balancer/front.ts';
import type { BalancerView } from '../../../src/compiler/balancer/view.ts';
import type { BalancerFacts, ClientFacts, VerdictFacts } from '../../../src/compiler/verdict/facts.ts';

/** How haproxy treats an app when its configuration is as the guide recommends. */
const VIEW: BalancerView = {
  mode: 'http',
  keepsConnections: false,
  triesAnother: true,
  picksSame: false,
  sureWithout: 1,
  likelyWithout: 3,
  ports: [],
  resolvesOnce: false,
  serverTimeoutMs: 30_000,
  silenceMs: 30_000,
  upgrades: false,
  downAfterMs: 600,
  upAfterMs: 250,
  rise: 1,
  silentAfterMs: 9000,
  others: 3,
};

export function haproxy(view: Partial<BalancerView> | null = {}, listed = 4): BalancerFacts {
  return {
    name: 'haproxy',
    program: 'haproxy',
    version: '2.6.12',
    held: false,
    config: { kind: 'read', view: view === null ? null : { ...VIEW, ...view }, listed },
    told: null,
  };
}

export function nginx(view: Partial<BalancerView> = {}): BalancerFacts {
  return { ...haproxy(view), name: 'nginx', program: 'nginx' };
}

export const UNREAD: BalancerFacts = {
  ...haproxy(),
  name: 'front',
  config: { kind: 'unread', why: 'it is made at its start' },
};

export function client(more: Partial<ClientFacts> = {}): ClientFacts {
  return { name: 'web', program: 'unicorn', resolvesOnce: null, held: false, ...more };
}

/** One of four unicorns on sockets that move, behind haproxy: replaced. */
export const SWAP: VerdictFacts = {
  container: 'app',
  instance: 'app0',
  action: 'replace',
  order: 'start-first',
  runs: true,
  instances: { now: 4, after: 4 },
  batch: 1,
  rolled: 4,
  gone: 1,
  successor: null,
  server: { kind: 'unicorn', program: 'unicorn', keepsAlive: false },
  socket: { kind: 'movable', own: true, elsewhere: false },
  gate: { kind: 'http', limitMs: 60_000 },
  hostPorts: [],
  hostPortMoves: null,
  network: { host: false, port: null, portBefore: null, joined: [] },
  sharing: null,
  clients: [],
  balancers: [haproxy()],
  database: null,
  singleWriter: null,
  stop: { signal: 'SIGQUIT', effect: 'finishes', quietSignal: null, timeoutMs: 30_000 },
  drainMs: 30_000,
  lastStop: null,
  inFlightMs: null,
  measured: { startMs: 1800, stopMs: 300, awayMs: null, heldMs: null, drainMs: 260, isPossible: true },
  sharedFiles: [],
  reload: null,
  dependents: [],
  found: null,
  adopted: null,
  can: {
    takeAway: false,
    hold: false,
    drainPorts: false,
    refuse: false,
    overlap: false,
    awaitUp: false,
    awaitGone: false,
  },
};

/** A server that leaves connections open. */
export const PUMA: VerdictFacts['server'] = { kind: 'puma', program: 'puma', keepsAlive: true };
export const UNKNOWN: VerdictFacts['server'] = { kind: 'unknown', program: 'serve', keepsAlive: null };
export const KILLS: VerdictFacts['stop'] = { ...SWAP.stop, signal: 'SIGTERM', effect: 'kills' };
export const CAN = SWAP.can;

/** Stop-first with a socket that cannot move. */
export const FIXED: VerdictFacts = {
  ...SWAP,
  order: 'stop-first',
  socket: { kind: 'fixed', own: false, elsewhere: false },
};

/** A single one that must stop first; the agent holds what comes meanwhile. */
export const HELD: VerdictFacts = {
  ...SWAP,
  order: 'stop-first',
  instances: { now: 1, after: 1 },
  can: { ...SWAP.can, hold: true },
};

/** Reached by its name. */
export const TCP: VerdictFacts = {
  ...SWAP,
  socket: { kind: 'none', own: false, elsewhere: false },
  network: { host: false, port: 3000, portBefore: 3000, joined: [] },
  balancers: [],
};

/** How haproxy treats its clients when its configuration is as the guide recommends. */
export const FRONT: FrontView = {
  sharesPorts: true,
  datagrams: false,
  closesBehindAnswers: true,
  idleMs: 5000,
  passesBytes: false,
  upgrades: false,
  requestMs: 30_000,
  cutsAfterMs: null,
};

/** A haproxy in the network of the host, replaced while another generation of it listens there too. */
export const SHARED: VerdictFacts = {
  ...TCP,
  container: 'haproxy',
  instance: 'haproxy0',
  instances: { now: 1, after: 1 },
  server: { kind: 'haproxy', program: 'haproxy', keepsAlive: true },
  network: { host: true, port: 80, portBefore: 80, joined: [] },
  sharing: {
    program: 'haproxy',
    front: { kind: 'read', view: FRONT },
    nextShares: true,
    migrates: true,
    sameUser: true,
    takesOver: false,
  },
  stop: { ...SWAP.stop, signal: 'SIGUSR1' },
  can: { ...SWAP.can, overlap: true },
};

/** A worker. */
export const WORKER: VerdictFacts = {
  ...TCP,
  container: 'sidekiq',
  instance: 'sidekiq0',
  network: { host: false, port: null, portBefore: null, joined: [] },
  gate: { kind: 'uptime', uptimeMs: 1000 },
  server: { kind: 'sidekiq', program: 'sidekiq', keepsAlive: false },
  stop: { signal: 'SIGTERM', effect: 'finishes', quietSignal: 'SIGTSTP', timeoutMs: 30_000 },
};

/** Before the first replacement. */
export const UNMEASURED: VerdictFacts['measured'] = {
  startMs: null,
  stopMs: null,
  awayMs: null,
  heldMs: null,
  drainMs: null,
  isPossible: true,
};
