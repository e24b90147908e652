import { haproxyMs } from './duration.ts';
import { readSettings, SERVER_SETTINGS, type ServerSettings } from './haproxy-server.ts';

/** What happens to a connection to a server after its answer, strongest last. */
export const CONNECTIONS = ['keep-alive', 'server-close', 'close'] as const;
export type Connection = (typeof CONNECTIONS)[number];

/** In milliseconds; null where none is set. */
export interface Timeouts {
  readonly client: number | null;
  readonly 'http-request': number | null;
  readonly 'http-keep-alive': number | null;
  readonly server: number | null;
  /** Of both sides once bytes alone are passed (after an upgrade, or in `mode tcp`), instead of the others. */
  readonly tunnel: number | null;
  readonly connect: number | null;
  readonly queue: number | null;
  /** Of a check's answer. */
  readonly check: number | null;
}

/** How long a server that has a request may be silent; null: for ever. It bounds no request. */
export function silenceMs({
  mode,
  timeouts: { server, tunnel },
}: Pick<Settings, 'mode' | 'timeouts'>): number | null {
  // What was upgraded is no request any more; bytes alone are passed from their beginning on.
  if (mode === 'http' || server === null || tunnel === null) return server;
  return Math.max(server, tunnel);
}

/** Whether it is set up for connections that are upgraded (web sockets): there is a time for them. */
export function upgrades({ mode, timeouts }: Pick<Settings, 'mode' | 'timeouts'>): boolean {
  return mode === 'http' && timeouts.tunnel !== null;
}

/** What `defaults` hands down. */
export interface Settings {
  readonly mode: 'http' | 'tcp';
  readonly connection: Connection;
  readonly redispatch: number | null;
  readonly retries: number;
  readonly retryOn: readonly string[];
  readonly httpReuse: string;
  /** `roundrobin`, `leastconn`, `uri`, …: the algorithm of `balance`, without its arguments. */
  readonly balance: string;
  /** `hash-type consistent`: a hash leads to another server where one is avoided. */
  readonly consistent: boolean;
  readonly timeouts: Timeouts;
  readonly server: ServerSettings;
  /** Its checks want an answer (`option httpchk`), not merely a connection. */
  readonly asks: boolean;
  readonly disabled: boolean;
  /** `option idle-close-on-response`: what a client keeps open ends behind an answer, also when haproxy stops. */
  readonly idleCloses: boolean;
}

export const SETTINGS: Settings = {
  mode: 'tcp',
  connection: 'keep-alive',
  redispatch: null,
  retries: 3,
  retryOn: ['conn-failure'],
  httpReuse: 'safe',
  balance: 'roundrobin',
  consistent: false,
  timeouts: {
    client: null,
    'http-request': null,
    'http-keep-alive': null,
    server: null,
    tunnel: null,
    connect: null,
    queue: null,
    check: null,
  },
  asks: false,
  server: SERVER_SETTINGS,
  disabled: false,
  idleCloses: false,
};

/** What one line of a proxy or of `defaults` makes of its settings. */
export function setting(settings: Settings, words: readonly string[]): Settings {
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
    case 'balance':
      return { ...settings, balance: /^[a-z0-9_-]*/.exec(value)?.[0] ?? '' };
    case 'hash-type':
      return { ...settings, consistent: value === 'consistent' };
    case 'http-reuse':
      return { ...settings, httpReuse: value };
    case 'timeout': {
      if (!Object.hasOwn(settings.timeouts, value)) return settings;
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
  if (name === 'idle-close-on-response') return { ...settings, idleCloses: !negated };
  if (ASKING.has(name)) return { ...settings, asks: !negated };
  const connection = MODES.get(name);
  if (connection === undefined) return settings;
  if (!negated) return { ...settings, connection };
  return settings.connection === connection ? { ...settings, connection: 'keep-alive' } : settings;
}
