import type { Address } from './address.ts';
import { haproxyMs } from './duration.ts';
import {
  haproxyAddress,
  readServer,
  readSettings,
  SERVER_SETTINGS,
  type HaproxyServer,
  type ServerSettings,
} from './haproxy-server.ts';
import { haproxyWords, type Variables } from './haproxy-words.ts';

/** What the verdict must know of a haproxy.cfg (2.4 to 3.x). */
export interface HaproxyConfig {
  /** `backend` and `listen` sections that are not disabled, in the written order. */
  readonly backends: readonly HaproxyBackend[];
  /** Of `frontend` and `listen` sections. */
  readonly binds: readonly HaproxyBind[];
  readonly statsSockets: readonly HaproxyStatsSocket[];
  readonly masterWorker: boolean;
  /** As it leaves, it closes connections that clients keep, whether or not they have just sent a request. */
  readonly closesIdle: boolean;
  /** Parts hold only under a condition (`.if`); all of them were read as if they held. */
  readonly conditional: boolean;
}

/** What happens to a connection to a server after its answer, strongest last. */
const CONNECTIONS = ['keep-alive', 'server-close', 'close'] as const;
export type Connection = (typeof CONNECTIONS)[number];

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
  readonly timeouts: Timeouts;
  /** Its checks want an answer, not merely a connection. */
  readonly asks: boolean;
  readonly servers: readonly HaproxyServer[];
}

/** In milliseconds; null where none is set. */
export interface Timeouts {
  readonly server: number | null;
  readonly connect: number | null;
  readonly queue: number | null;
  /** Of a check's answer. */
  readonly check: number | null;
}

/** One address of a `bind` line. */
export interface HaproxyBind {
  readonly section: string;
  readonly address: Address;
}

/** One `stats socket` of the global section. */
export interface HaproxyStatsSocket {
  readonly address: Address;
  /** `user` (the least), `operator` or `admin`. */
  readonly level: string;
  readonly exposesListeners: boolean;
}

/** What `defaults` hands down. */
interface Settings {
  readonly mode: 'http' | 'tcp';
  readonly connection: Connection;
  readonly redispatch: number | null;
  readonly retries: number;
  readonly retryOn: readonly string[];
  readonly httpReuse: string;
  readonly timeouts: Timeouts;
  readonly server: ServerSettings;
  /** Its checks want an answer (`option httpchk`), not merely a connection. */
  readonly asks: boolean;
  /** `option idle-close-on-response`: it ends a client's connection only with an answer. */
  readonly waitsForIdle: boolean;
  readonly disabled: boolean;
}

const SETTINGS: Settings = {
  mode: 'tcp',
  connection: 'keep-alive',
  redispatch: null,
  retries: 3,
  retryOn: ['conn-failure'],
  httpReuse: 'safe',
  timeouts: { server: null, connect: null, queue: null, check: null },
  asks: false,
  waitsForIdle: false,
  server: SERVER_SETTINGS,
  disabled: false,
};

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
    binds: binds.filter(({ section }) => sections.some((s) => s.name === section && !s.settings.disabled)),
    statsSockets,
    masterWorker,
    closesIdle: sections.some(closesIdle),
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
        address: address.kind === 'unix' ? { ...address, path: prefix + address.path } : address,
      };
    });
}

/** What one line of a proxy or of `defaults` makes of its settings. */
function setting(settings: Settings, words: readonly string[]): Settings {
  const negated = words[0] === 'no' || words[0] === 'default';
  const [first = '', ...rest] = negated ? words.slice(1) : words;
  const value = rest[0] ?? '';
  switch (first) {
    case 'mode':
      return value === 'http' || value === 'tcp' ? { ...settings, mode: value } : settings;
    case 'option':
      return option(settings, value, rest[1], negated);
    case 'retries':
      return /^\d{1,6}$/.test(value) ? { ...settings, retries: Number(value) } : settings;
    case 'retry-on':
      return { ...settings, retryOn: rest };
    case 'http-reuse':
      return { ...settings, httpReuse: value };
    case 'timeout': {
      if (value !== 'server' && value !== 'connect' && value !== 'queue' && value !== 'check')
        return settings;
      const ms = haproxyMs(rest[1]);
      return ms === null ? settings : { ...settings, timeouts: { ...settings.timeouts, [value]: ms } };
    }
    case 'default-server':
      return { ...settings, server: readSettings(rest, settings.server) };
    case 'disabled':
    case 'enabled':
      return { ...settings, disabled: first === 'disabled' };
    default:
      return settings;
  }
}

/** Checks that want an answer. */
const ASKING: ReadonlySet<string> = new Set([
  'httpchk',
  'ldap-check',
  'mysql-check',
  'pgsql-check',
  'redis-check',
  'smtpchk',
  'spop-check',
  'ssl-hello-chk',
  'tcp-check',
]);

const MODES: ReadonlyMap<string, Connection> = new Map<string, Connection>([
  ['http-keep-alive', 'keep-alive'],
  ['http-server-close', 'server-close'],
  ['httpclose', 'close'],
  ['forceclose', 'close'],
]);

/** One mode holds at a time; `no option` takes back only the one that holds. */
function option(settings: Settings, name: string, value: string | undefined, negated: boolean): Settings {
  if (name === 'redispatch') {
    if (negated) return { ...settings, redispatch: null };
    const interval = value === undefined ? -1 : Number(/^-?\d{1,9}/.exec(value)?.[0] ?? 0);
    return { ...settings, redispatch: interval === 0 ? null : interval };
  }
  if (name === 'idle-close-on-response') return { ...settings, waitsForIdle: !negated };
  if (ASKING.has(name)) return { ...settings, asks: !negated };
  const connection = MODES.get(name);
  if (connection === undefined) return settings;
  if (!negated) return { ...settings, connection };
  return settings.connection === connection ? { ...settings, connection: 'keep-alive' } : settings;
}

function backendsOf(sections: readonly Section[]): readonly HaproxyBackend[] {
  const fronts = sections.filter(
    ({ kind, settings }) => (kind === 'frontend' || kind === 'listen') && !settings.disabled,
  );
  return sections
    .filter(({ kind, settings }) => (kind === 'backend' || kind === 'listen') && !settings.disabled)
    .map((section) => {
      const { mode, redispatch, retries, retryOn, httpReuse, timeouts, asks } = section.settings;
      const leading = fronts.filter((front) => front === section || leads(front, section.name));
      return {
        name: section.name,
        mode,
        connection: effective(section, leading),
        redispatch,
        retries,
        retryOn,
        httpReuse,
        timeouts,
        asks,
        servers: section.servers,
      };
    });
}

function closesIdle({ kind, settings }: Section): boolean {
  const { mode, connection, waitsForIdle, disabled } = settings;
  const isFront = (kind === 'frontend' || kind === 'listen') && !disabled;
  return isFront && mode === 'http' && connection !== 'close' && !waitsForIdle;
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
