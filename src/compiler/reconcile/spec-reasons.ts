import { canonicalJson } from '../desired/canonical-json.ts';
import type { FilePlace, InstanceSpec, MountSpec, PortSpec } from '../desired/instance-spec.ts';
import type { Reason } from '../plan/plan.ts';

/**
 * Compared elsewhere or not at all: `image` by image id, `env` by value, `restart` and `stopSignal` with what the
 * engine has, `version` only says how to read the rest.
 */
const NOT_BY_LABEL: ReadonlySet<string> = new Set(['version', 'image', 'env', 'maskedEnv', 'restart']);

/** Lists of which the order says nothing, their entries as they are written on a command line. */
const lists = {
  ports: ({ ports }) => ports.map(portText),
  mounts: ({ mounts }) => mounts.map(mountText),
  links: ({ links }) => links.map(({ target, alias }) => `${target}:${alias}`),
  ulimits: ({ ulimits }) => ulimits.map(({ name, soft, hard }) => `${name}=${soft}:${hard}`),
  devices: ({ devices }) =>
    devices.map(({ host, container, permissions }) => `${host}:${container}:${permissions}`),
  networks: ({ networks }) => networks,
  capAdd: ({ capAdd }) => capAdd,
  capDrop: ({ capDrop }) => capDrop,
  securityOpt: ({ securityOpt }) => securityOpt,
  extraHosts: ({ extraHosts }) => extraHosts,
  files: ({ files }) => files.map(fileText),
} as const satisfies { readonly [Field in keyof InstanceSpec]?: (spec: InstanceSpec) => readonly string[] };

/** Records are told key by key, under the name of one. */
const records = { labels: 'label', sysctls: 'sysctl', tmpfs: 'tmpfs' } as const;

/** How the spec of the file differs from the label of what runs, field by field, each under its name in the file. */
export function specReasons(wanted: InstanceSpec, spec: InstanceSpec): readonly Reason[] {
  const reasons: Reason[] = [];
  // A label of an earlier version may lack a field.
  const before: Readonly<Record<string, unknown>> = { ...spec };
  for (const [key, to] of Object.entries(wanted)) {
    const from = before[key] ?? null;
    if (NOT_BY_LABEL.has(key) || from === to || canonicalJson(from) === canonicalJson(to)) continue;
    if (from !== null && isKeyOf(lists, key))
      reasons.push(
        listReason(fileKey(key), lists[key](spec), lists[key](wanted)) ??
          field(fileKey(key), show(from), show(to)),
      );
    else if (from !== null && isKeyOf(records, key))
      reasons.push(...recordReasons(records[key], spec[key], wanted[key]));
    else reasons.push(field(fileKey(key), show(from), show(to)));
  }
  return reasons.sort((a, b) => (a.field < b.field ? -1 : 1));
}

/** What a spec sets, field by field: everything that is not left to the engine or the image. */
export function specSettings(
  spec: InstanceSpec,
): readonly { readonly field: string; readonly value: string }[] {
  return Object.entries(spec).flatMap(([key, value]: readonly [string, unknown]) => {
    if (NOT_BY_LABEL.has(key) || value === null || value === false || value === 'stack') return [];
    if (isKeyOf(lists, key)) {
      const texts = lists[key](spec);
      return texts.length === 0 ? [] : [{ field: fileKey(key), value: texts.join(', ') }];
    }
    if (!isKeyOf(records, key)) return [{ field: fileKey(key), value: show(value) ?? '' }];
    const record: Readonly<Record<string, string>> = spec[key];
    return Object.entries(record).map(([name, text]) => ({
      field: `${records[key]} ${name}`,
      value: quote(text),
    }));
  });
}

/** A reason of the plainest kind. */
export function field(name: string, from: string | null, to: string | null): Reason {
  return { kind: 'field', field: name, from, to };
}

/** A text as a value of a reason. */
export function quote(text: string): string {
  return JSON.stringify(text);
}

/** `127.0.0.1:8080:80/udp`. */
export function portText({ hostIp, hostPort, containerPort, protocol }: PortSpec): string {
  const parts = [hostIp, hostPort, containerPort].filter((part) => part !== null);
  return parts.join(':') + (protocol === 'tcp' ? '' : `/${protocol}`);
}

function mountText({ source, target, readOnly }: MountSpec): string {
  return `${source}:${target}${readOnly ? ':ro' : ''}`;
}

function fileText({ path, mode, user }: FilePlace): string {
  return [path, ...(mode === '0644' ? [] : [mode]), ...(user === null ? [] : [user])].join(' ');
}

function isKeyOf<Table extends object>(table: Table, key: string): key is keyof Table & string {
  return Object.hasOwn(table, key);
}

/** The spec's fields are called like the keys of the file, but for the mounts. */
function fileKey(name: string): string {
  return name === 'mounts' ? 'volumes' : name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** What goes and what comes, where a list differs in some of it only; null where it differs in what is not told. */
export function listReason(name: string, before: readonly string[], after: readonly string[]): Reason | null {
  const gone = before.filter((one) => !after.includes(one));
  const come = after.filter((one) => !before.includes(one));
  if (gone.length + come.length === 0) return null;
  const text = (list: readonly string[]) => (list.length === 0 ? null : list.join(', '));
  return field(name, text(gone), text(come));
}

function recordReasons(
  name: string,
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly Reason[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter((key) => before[key] !== after[key])
    .map((key) => field(`${name} ${key}`, show(before[key]), show(after[key])));
}

function show(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return quote(value);
  return canonicalJson(value);
}
