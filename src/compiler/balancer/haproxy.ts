import type { Address } from './address.ts';
import { haproxyMs } from './duration.ts';
import { haproxyAddress, readServer, type HaproxyServer } from './haproxy-server.ts';
import {
  CONNECTIONS,
  setting,
  SETTINGS,
  type Connection,
  type Settings,
  type Timeouts,
} from './haproxy-settings.ts';
import { haproxyWords, type Variables } from './haproxy-words.ts';

/** What the verdict must know of a haproxy.cfg (2.4 to 3.x). */
export interface HaproxyConfig {
  /** `backend` and `listen` sections that are not disabled, in the written order. */
  readonly backends: readonly HaproxyBackend[];
  /** `frontend` and `listen` sections that are not disabled. */
  readonly fronts: readonly HaproxyFront[];
  /** Of them. */
  readonly binds: readonly HaproxyBind[];
  readonly statsSockets: readonly HaproxyStatsSocket[];
  readonly masterWorker: boolean;
  /** `noreuseport` is not written: another process of the same user can listen on the same ports. */
  readonly sharesPorts: boolean;
  /** `spread-checks`: by so many percent the intervals of checks may be longer. */
  readonly spreadChecks: number;
  /** `hard-stop-after`; null: it waits for the last connection. */
  readonly hardStopMs: number | null;
  /** Parts hold only under a condition (`.if`); all of them were read as if they held. */
  readonly conditional: boolean;
}

/** One group of servers, with what it inherits from its `defaults`. */
export interface HaproxyBackend {
  readonly name: string;
  readonly mode: 'http' | 'tcp';
  /** The weakest that any frontend leading here gives: frontend and backend each may close. */
  readonly connection: Connection;
  /** Null: a retry asks the same server. -1: the last one asks another; n: every n-th does. */
  readonly redispatch: number | null;
  readonly retries: number;
  readonly retryOn: readonly string[];
  readonly httpReuse: string;
  readonly balance: string;
  readonly consistent: boolean;
  readonly timeouts: Timeouts;
  /** Its checks want an answer, not merely a connection. */
  readonly asks: boolean;
  readonly servers: readonly HaproxyServer[];
}

/** How one group of clients is treated. */
export interface HaproxyFront {
  readonly name: string;
  readonly mode: 'http' | 'tcp';
  /** Connections that clients keep are closed behind an answer alone, or there are none. */
  readonly closesBehindAnswers: boolean;
  /** How long a client may keep a connection without a request; null: as long as it likes. */
  readonly idleMs: number | null;
}

/** One address of a `bind` line. */
export interface HaproxyBind {
  readonly section: string;
  readonly address: Address;
  /** QUIC: what belongs together is no connection that the kernel knows. */
  readonly datagrams: boolean;
}

/** One `stats socket` of the global section. */
export interface HaproxyStatsSocket {
  readonly address: Address;
  /** `user` (the least), `operator` or `admin`. */
  readonly level: string;
  readonly exposesListeners: boolean;
}

/** A section while it is read. */
interface Section {
  readonly kind: 'global' | 'defaults' | 'frontend' | 'listen' | 'backend' | 'other';
  readonly name: string;
  settings: Settings;
  readonly servers: HaproxyServer[];
  /** The backends that a frontend leads to; null stands for any. */
  readonly leadsTo: (string | null)[];
}

/** Sections of which nothing is read; their lines may look like a proxy's. */
const OTHERS =
  'acme cache crt-store fcgi-app http-errors log-forward log-profile mailers peers program resolvers ring traces userlist';

const SECTIONS: ReadonlyMap<string, Section['kind']> = new Map<string, Section['kind']>([
  ['global', 'global'],
  ['defaults', 'defaults'],
  ['frontend', 'frontend'],
  ['listen', 'listen'],
  ['backend', 'backend'],
  ...OTHERS.split(' ').map((name) => [name, 'other'] as const),
]);

/**
 * Reads a haproxy.cfg. Whatever it does not know, or haproxy would refuse, is passed over: it never throws.
 * `environment`: the variables of haproxy's process.
 */
export function readHaproxy(text: string, environment: Variables = new Map()): HaproxyConfig {
  const variables = new Map(environment);
  const named = new Map<string, Settings>();
  const sections: Section[] = [];
  const binds: HaproxyBind[] = [];
  const statsSockets: HaproxyStatsSocket[] = [];
  let prefix = '';
  let masterWorker = false;
  let sharesPorts = true;
  let spreadChecks = 0;
  let hardStopMs: number | null = null;
  let conditional = false;
  let current: Section | null = null;
  let defaults: Settings = SETTINGS;

  const leave = (section: Section | null) => {
    if (section?.kind !== 'defaults') return;
    defaults = section.settings;
    if (section.name !== '') named.set(section.name, section.settings);
  };
  for (const line of text.split('\n')) {
    const words = haproxyWords(line, variables);
    const [first = '', ...rest] = words;
    if (/^\.(if|elif|else)$/.test(first)) conditional = true;
    const kind = SECTIONS.get(first);
    if (kind !== undefined) {
      leave(current);
      current = enter(kind, rest, named, defaults);
      sections.push(current);
      continue;
    }
    if (current === null || current.kind === 'other' || first === '') continue;
    if (current.kind === 'global') {
      if (first === 'stats' && rest[0] === 'socket') statsSockets.push(...statsSocket(rest.slice(1)));
      if (first === 'unix-bind') prefix = after(rest, 'prefix') ?? prefix;
      if (first === 'master-worker') masterWorker = true;
      if (first === 'noreuseport') sharesPorts = false;
      if (first === 'spread-checks') spreadChecks = Number(/^\d{1,2}$/.exec(rest[0] ?? '')?.[0] ?? 0);
      if (first === 'hard-stop-after') hardStopMs = haproxyMs(rest[0]);
      const [name = '', value = ''] = rest;
      if (first === 'setenv' || (first === 'presetenv' && !variables.has(name))) variables.set(name, value);
      continue;
    }
    current.settings = setting(current.settings, words);
    if (first === 'bind') binds.push(...bindsOf(current, rest[0] ?? '', prefix));
    if (first === 'default_backend' || first === 'use_backend') {
      const target = rest[0] ?? '';
      current.leadsTo.push(/%\[|\$/.test(target) ? null : target);
    }
    if (first === 'server' || first === 'server-template') {
      const server = readServer(first, rest, current.settings.server);
      if (server !== null) current.servers.push(server);
    }
  }
  return {
    backends: backendsOf(sections),
    fronts: frontsOf(sections).map(frontOf),
    binds: binds.filter(({ section }) => sections.some((s) => s.name === section && !s.settings.disabled)),
    statsSockets,
    masterWorker,
    sharesPorts,
    spreadChecks,
    hardStopMs,
    conditional,
  };
}

function enter(
  kind: Section['kind'],
  words: readonly string[],
  named: ReadonlyMap<string, Settings>,
  defaults: Settings,
): Section {
  const from = after(words, 'from');
  const name = words[0] === 'from' ? '' : (words[0] ?? '');
  const plain = kind === 'defaults' ? SETTINGS : defaults;
  const settings = from === null ? plain : (named.get(from) ?? plain);
  return { kind, name, settings, servers: [], leadsTo: [] };
}

/** The word behind `key`. */
function after(words: readonly string[], key: string): string | null {
  const at = words.indexOf(key);
  return at === -1 ? null : (words[at + 1] ?? null);
}

function statsSocket(words: readonly string[]): readonly HaproxyStatsSocket[] {
  const [where, ...options] = words;
  if (where === undefined) return [];
  const exposesListeners = options.some((word, i) => word === 'expose-fd' && options[i + 1] === 'listeners');
  return [{ address: haproxyAddress(where), level: after(options, 'level') ?? 'operator', exposesListeners }];
}

function bindsOf(section: Section, where: string, prefix: string): readonly HaproxyBind[] {
  return where
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const address = haproxyAddress(part);
      return {
        section: section.name,
        datagrams: part.startsWith('quic'),
        address: address.kind === 'unix' ? { ...address, path: prefix + address.path } : address,
      };
    });
}

function frontsOf(sections: readonly Section[]): readonly Section[] {
  return sections.filter(
    ({ kind, settings }) => (kind === 'frontend' || kind === 'listen') && !settings.disabled,
  );
}

function frontOf({ name, settings }: Section): HaproxyFront {
  const { mode, connection, idleCloses, timeouts } = settings;
  return {
    name,
    mode,
    closesBehindAnswers: idleCloses || connection === 'close',
    idleMs: timeouts['http-keep-alive'] ?? timeouts['http-request'] ?? timeouts.client,
  };
}

function backendsOf(sections: readonly Section[]): readonly HaproxyBackend[] {
  const fronts = frontsOf(sections);
  return sections
    .filter(({ kind, settings }) => (kind === 'backend' || kind === 'listen') && !settings.disabled)
    .map((section) => {
      const { mode, redispatch, retries, retryOn, httpReuse, balance, consistent, timeouts, asks } =
        section.settings;
      const leading = fronts.filter((front) => front === section || leads(front, section.name));
      return {
        name: section.name,
        mode,
        connection: effective(section, leading),
        redispatch,
        retries,
        retryOn,
        httpReuse,
        balance,
        consistent,
        timeouts,
        asks,
        servers: section.servers,
      };
    });
}

function leads({ leadsTo }: Section, name: string): boolean {
  return leadsTo.some((target) => target === null || target === name);
}

/** The stronger of both sides holds for a connection (haproxy's manual, 4). */
function effective({ settings }: Section, leading: readonly Section[]): Connection {
  const own = CONNECTIONS.indexOf(settings.connection);
  const fronts = leading.map((front) => CONNECTIONS.indexOf(front.settings.connection));
  return CONNECTIONS[Math.max(own, fronts.length === 0 ? own : Math.min(...fronts))] ?? 'keep-alive';
}
