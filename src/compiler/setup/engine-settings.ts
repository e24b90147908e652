import { parse } from '../source/parse.ts';
import { SourceFile } from '../source/source-file.ts';

/** Where dockerd reads its settings. Source: the manual of dockerd. */
export const SETTINGS_FILE = '/etc/docker/daemon.json';

/** One key that is added; nothing that is there is ever changed. */
export interface AddedSetting {
  /** `log-opts.max-size`. */
  readonly name: string;
  readonly value: string | boolean;
}

/** Why a setting that a machine should have is not added. */
export type LeftSetting =
  /** Somebody chose a log driver whose limits are its own affair. */
  | { readonly kind: 'log driver'; readonly driver: string }
  /** dockerd is started with it, and does not start when its file has it as well. */
  | { readonly kind: 'flag'; readonly name: string }
  /** Swarm's engines refuse `live-restore`. */
  | { readonly kind: 'swarm' }
  | { readonly kind: 'live restore is off' };

/** The settings that a machine gets. */
export type EngineSettings =
  | { readonly kind: 'invalid'; readonly why: string }
  | {
      readonly kind: 'settings';
      /** The whole file. */
      readonly text: string;
      readonly added: readonly AddedSetting[];
      readonly left: readonly LeftSetting[];
    };

const DEFAULT_FILE = /--config-file[=\s]+\/etc\/docker\/daemon\.json(?=[\s"']|$)/;
const LOG_LIMITS = { 'max-size': '10m', 'max-file': '7' } as const;

/**
 * What dockerd's file is to say: `json-file` with limits where nobody said anything of logs, and `live-restore`, so that containers
 * go on while the engine restarts. What stands in the file stays as it is written. See ADR 0019.
 */
export function engineSettings(
  written: string | null,
  { flags, swarm }: { readonly flags: string; readonly swarm: boolean },
): EngineSettings {
  // dockerd takes a byte order mark as well, from 23.0 on.
  const known = written?.replace(/^\uFEFF/, '') ?? '';
  const text = known.trim() === '' ? '{}\n' : known;
  const hasFlag = (name: string) => new RegExp(`(^|[\\s"'=])--${name}(=|\\s|$)`, 'm').test(flags);
  // What dockerd does not read changes nothing, whatever stands there.
  if (hasFlag('config-file') && !DEFAULT_FILE.test(flags))
    return { kind: 'settings', text: '{}\n', added: [], left: [{ kind: 'flag', name: 'config-file' }] };
  const found = objectIn(text);
  if (typeof found === 'string') return { kind: 'invalid', why: found };
  const added: AddedSetting[] = [];
  const left: LeftSetting[] = [];
  const flag = ['log-driver', 'log-opt'].find(hasFlag);
  const driver = found['log-driver'];
  const limits = found['log-opts'];
  if (flag !== undefined) left.push({ kind: 'flag', name: flag });
  else if (driver !== undefined && driver !== 'json-file') {
    // `local` has limits of its own, which are good.
    if (driver !== 'local')
      left.push({ kind: 'log driver', driver: typeof driver === 'string' ? driver : JSON.stringify(driver) });
  } else if (limits === undefined || (isObject(limits) && limits['max-size'] === undefined)) {
    if (driver === undefined) added.push({ name: 'log-driver', value: 'json-file' });
    for (const [name, value] of Object.entries(LOG_LIMITS))
      if (!isObject(limits) || limits[name] === undefined) added.push({ name: `log-opts.${name}`, value });
  }
  if (hasFlag('live-restore')) left.push({ kind: 'flag', name: 'live-restore' });
  else if (found['live-restore'] === false) left.push({ kind: 'live restore is off' });
  else if (found['live-restore'] === undefined) {
    if (swarm) left.push({ kind: 'swarm' });
    else added.push({ name: 'live-restore', value: true });
  }
  return { kind: 'settings', text: withSettings(text, found, added), added, left };
}

/** The text with what is added, indented as it was; its own keys keep their order. */
function withSettings(
  text: string,
  found: Readonly<Record<string, unknown>>,
  added: readonly AddedSetting[],
): string {
  if (added.length === 0) return text;
  const whole: Record<string, unknown> = { ...found };
  for (const { name, value } of added) {
    const [key = '', inner] = name.split('.');
    const outer = whole[key];
    whole[key] = inner === undefined ? value : { ...(isObject(outer) ? outer : {}), [inner]: value };
  }
  const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '  ';
  return `${JSON.stringify(whole, null, indent)}\n`;
}

/** A text says why it is none. */
function objectIn(text: string): Readonly<Record<string, unknown>> | string {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : 'it is no JSON object';
  } catch {
    return `it is no JSON from ${placeOfError(text)} on`;
  }
}

/** A place alone: the parser's own words hold what stands there, and that may be a proxy's password. */
function placeOfError(text: string): string {
  const found = parse(new SourceFile(SETTINGS_FILE, text, 'json'));
  const start = found.ok ? undefined : found.diagnostics.find(({ span }) => span !== null)?.span?.start;
  return start === undefined ? 'somewhere' : `line ${start.line}, column ${start.column}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
