import { isName, tcpAddress, type Address } from './address.ts';
import { haproxyMs } from './duration.ts';

/** One `server` line, or one `server-template`. */
export interface HaproxyServer {
  readonly name: string;
  /** 1, or how many servers a template makes. */
  readonly count: number;
  readonly address: Address;
  /** Null: it is not checked. */
  readonly check: HaproxyCheck | null;
  readonly backup: boolean;
  readonly disabled: boolean;
  /** False for `weight 0`: it gets nothing but what a cookie leads to it. */
  readonly weighs: boolean;
  readonly maxconn: number | null;
  /** Made by a `server-template`: its servers bear numbered names. */
  readonly isTemplate: boolean;
  /** Its name is looked up at the start only: there are no `resolvers`. False for a socket or an address. */
  readonly resolvesOnce: boolean;
}

/** How a server is checked; times in milliseconds. */
export interface HaproxyCheck {
  readonly intervalMs: number;
  /** Between checks while the state changes. */
  readonly fastIntervalMs: number;
  /** Between checks while it is down. */
  readonly downIntervalMs: number;
  readonly rise: number;
  readonly fall: number;
}

/** What `default-server` lines add up to, and each `server` line adds to. */
export interface ServerSettings {
  readonly check: boolean;
  readonly backup: boolean;
  readonly disabled: boolean;
  readonly weighs: boolean;
  readonly maxconn: number | null;
  readonly resolvers: boolean;
  readonly intervalMs: number;
  readonly fastIntervalMs: number | null;
  readonly downIntervalMs: number | null;
  readonly rise: number;
  readonly fall: number;
}

/** Haproxy's own defaults. */
export const SERVER_SETTINGS: ServerSettings = {
  check: false,
  backup: false,
  disabled: false,
  weighs: true,
  maxconn: null,
  resolvers: false,
  intervalMs: 2000,
  fastIntervalMs: null,
  downIntervalMs: null,
  rise: 2,
  fall: 3,
};

type Setting = (settings: ServerSettings, value: string | undefined) => ServerSettings;

const FLAGS: ReadonlyMap<string, Partial<ServerSettings>> = new Map([
  ['check', { check: true }],
  ['no-check', { check: false }],
  ['backup', { backup: true }],
  ['no-backup', { backup: false }],
  ['disabled', { disabled: true }],
  ['enabled', { disabled: false }],
]);

const VALUES: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['maxconn', (s, value) => ({ ...s, maxconn: whole(value) || null })],
  ['weight', (s, value) => ({ ...s, weighs: whole(value) !== 0 })],
  ['resolvers', (s) => ({ ...s, resolvers: true })],
  ['inter', (s, value) => ({ ...s, intervalMs: haproxyMs(value) ?? s.intervalMs })],
  ['fastinter', (s, value) => ({ ...s, fastIntervalMs: haproxyMs(value) ?? s.fastIntervalMs })],
  ['downinter', (s, value) => ({ ...s, downIntervalMs: haproxyMs(value) ?? s.downIntervalMs })],
  ['rise', (s, value) => ({ ...s, rise: whole(value) ?? s.rise })],
  ['fall', (s, value) => ({ ...s, fall: whole(value) ?? s.fall })],
]);

/** Other keywords with a value, which might read like one of the above. */
const SKIPPED = new Set([
  'cookie',
  'id',
  'init-addr',
  'observe',
  'on-error',
  'port',
  'addr',
  'source',
  'track',
]);

/** What the words of a `default-server` line, or of a `server` line behind its address, make of the settings. */
export function readSettings(words: readonly string[], from: ServerSettings): ServerSettings {
  let settings = from;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const flag = FLAGS.get(word);
    const value = VALUES.get(word);
    if (flag !== undefined) settings = { ...settings, ...flag };
    if (value !== undefined) settings = value(settings, words[i + 1]);
    if (value !== undefined || SKIPPED.has(word)) i++;
  }
  return settings;
}

/** `server NAME ADDRESS …` or `server-template PREFIX NUMBER FQDN …`, the keyword cut off; null when it is too short. */
export function readServer(
  keyword: 'server' | 'server-template',
  words: readonly string[],
  defaults: ServerSettings,
): HaproxyServer | null {
  const isTemplate = keyword === 'server-template';
  const rest = isTemplate ? [words[0], ...words.slice(2)] : words;
  const [name, where, ...options] = rest;
  if (name === undefined || where === undefined) return null;
  const settings = readSettings(
    options.map((word) => word ?? ''),
    defaults,
  );
  const address = haproxyAddress(where);
  return {
    name,
    count: isTemplate ? templateCount(words[1]) : 1,
    address,
    check: settings.check ? checkOf(settings) : null,
    backup: settings.backup,
    disabled: settings.disabled,
    weighs: settings.weighs,
    maxconn: settings.maxconn,
    isTemplate,
    resolvesOnce: address.kind === 'tcp' && isName(address.host) && !settings.resolvers,
  };
}

function checkOf({ intervalMs, fastIntervalMs, downIntervalMs, rise, fall }: ServerSettings): HaproxyCheck {
  return {
    intervalMs,
    fastIntervalMs: fastIntervalMs ?? intervalMs,
    downIntervalMs: downIntervalMs ?? intervalMs,
    rise,
    fall,
  };
}

/** `3`, or `2-5`. */
function templateCount(text: string | undefined): number {
  const [from, to] = (text ?? '').split('-').map(whole);
  if (to === undefined) return from ?? 1;
  return Math.max(1, (to ?? 1) - (from ?? 1) + 1);
}

function whole(text: string | undefined): number | null {
  return /^\d{1,9}$/.test(text ?? '') ? Number(text) : null;
}

/** An address as haproxy writes it: with or without the family in front. */
export function haproxyAddress(text: string): Address {
  const match = /^([a-z][a-z0-9+]*)@(.*)$/s.exec(text);
  const family = match?.[1] ?? '';
  const rest = match?.[2] ?? text;
  if (family === 'unix' || family === 'uxst' || (family === '' && rest.startsWith('/'))) {
    return { kind: 'unix', path: rest };
  }
  return family === '' || /^(mptcp|tcp|ipv|quic|mptcpv)[46]?$/.test(family)
    ? tcpAddress(rest)
    : { kind: 'other', text };
}
