import type { PortSpec } from '../desired/instance-spec.ts';
import { parsePorts } from '../spec/values/port.ts';
import { withoutDatabase, type ImportedDatabase } from './database.ts';
import { databaseKind, deployMode } from './deploy-mode.ts';
import { volumeText } from './describe-mounts.ts';
import type { Group } from './groups.ts';
import type { References } from './references.ts';
import { escaped, Hidden, hint, loss, type Remark, type Value } from './value.ts';

/** The order in which the keys of an entry are written; others come behind. */
const ORDER = [
  'deploy',
  'adopt',
  'image',
  'containers',
  'entrypoint',
  'command',
  'env',
  'database',
  'health',
  'startup_time',
  'volumes_from',
  'volumes',
  'ports',
  'network',
  'networks',
  'links',
  'depends_on',
  'hostname',
];

/** What an entry is made beside. */
export interface EntryScene {
  readonly groups: readonly Group[];
  readonly ports: HostPortClaims;
  readonly database: ImportedDatabase | null;
}

/** The whole entry of a container, with what a person should know of it. */
export function containerEntry(
  group: Group,
  references: References,
  scene: EntryScene,
): { readonly fields: ReadonlyMap<string, Value>; readonly remarks: readonly Remark[] } {
  const fields = new Map(group.fields);
  const remarks = [...group.remarks, ...references.remarks];
  fields.set('deploy', deployMode(group, scene.groups));
  const count = group.members.length;
  if (count > 1) fields.set('containers', count);
  adopt(group, fields);
  mount(group, fields, remarks);
  connect(group, references, fields, remarks);
  publish(group, fields, remarks, scene.ports);
  const env = scene.database === null ? null : withoutDatabase(fields.get('env'), scene.database);
  if (env !== null && typeof env === 'object') {
    fields.set('database', true);
    if (Object.keys(env).length === 0) fields.delete('env');
    else fields.set('env', env);
  }
  adviseHealth(group, fields, remarks);
  return { fields: new Map([...fields].sort(([a], [b]) => rank(a) - rank(b))), remarks };
}

function rank(key: string): number {
  const at = ORDER.indexOf(key);
  return at === -1 ? ORDER.length : at;
}

/** Where the instance's name does not lead to the container that runs. */
function adopt({ key, members }: Group, fields: Map<string, Value>): void {
  const names = members.map(({ name }) => name);
  if (names.every((name, index) => name === `${key}${index}`)) return;
  fields.set('adopt', names.length === 1 ? (names[0] ?? '') : names);
}

function mount({ members, mounts }: Group, fields: Map<string, Value>, remarks: Remark[]): void {
  const [container] = members;
  const kept = fields.get('volumes');
  const volumes: Value[] = Array.isArray(kept) ? [...kept] : [];
  for (const one of mounts.anonymous) {
    const text = volumeText(one);
    if (members.length === 1 && text !== null) {
      volumes.push(escaped(text));
      remarks.push(
        hint(
          'volumes',
          `the long name at \`${one.target}\` is that of a volume that nobody has named; without it the next one would start empty`,
        ),
      );
    } else
      remarks.push(
        loss(
          'volumes',
          `each instance has a volume without a name at \`${one.target}\`: what is in it, the next one does not get`,
        ),
      );
  }
  if (volumes.length > 0) fields.set('volumes', volumes);
  if (mounts.volumesFrom.length > 0) fields.set('volumes_from', mounts.volumesFrom);
  const hasOwn = mounts.anonymous.length > 0 || container?.mounts.some(({ readOnly }) => !readOnly) === true;
  const database = container === undefined ? null : databaseKind(container);
  if (database !== null && !hasOwn)
    remarks.push(
      loss(
        'volumes',
        `${database} keeps its files in the container itself: the next one starts empty; copy them into a volume first`,
      ),
    );
  dropCovered(mounts.targets, fields, remarks);
}

/** A path that is a volume's cannot be kept in memory, too. */
function dropCovered(targets: readonly string[], fields: Map<string, Value>, remarks: Remark[]): void {
  const tmpfs = fields.get('tmpfs');
  if (tmpfs === undefined || typeof tmpfs !== 'object' || tmpfs instanceof Hidden) return;
  // In a list a path is a text of the file, as a key it means itself.
  const kept: Value = Array.isArray(tmpfs)
    ? tmpfs.filter((path: Value) => !targets.some((target) => escaped(target) === path))
    : Object.fromEntries(Object.entries(tmpfs).filter(([path]) => !targets.includes(path)));
  if (Object.keys(kept).length === Object.keys(tmpfs).length) return;
  remarks.push(loss('tmpfs', 'a `tmpfs` is left out: a volume is mounted there'));
  if (Object.keys(kept).length === 0) fields.delete('tmpfs');
  else fields.set('tmpfs', kept);
}

function connect(
  { members }: Group,
  references: References,
  fields: Map<string, Value>,
  remarks: Remark[],
): void {
  const mode = members[0]?.networkMode ?? '';
  if (mode === 'host' || mode === 'none') fields.set('network', mode);
  if (mode.startsWith('container:'))
    remarks.push(loss(null, 'it shares the network of another container, which cannot be said'));
  if (references.links.length > 0) fields.set('links', references.links);
  if (references.dependsOn.length > 0) fields.set('depends_on', references.dependsOn);
  if (references.networks.length > 0) fields.set('networks', references.networks);
}

function publish(
  { members }: Group,
  fields: Map<string, Value>,
  remarks: Remark[],
  claims: HostPortClaims,
): void {
  const ports = fields.get('ports');
  if (!Array.isArray(ports)) return;
  const free = ports.filter((port: Value) => typeof port === 'string' && claims.take(port, members.length));
  if (free.length < ports.length)
    remarks.push(
      loss('ports', 'a port of the host is left out, which another container of the file publishes'),
    );
  if (free.length === 0) fields.delete('ports');
  else fields.set('ports', free);
}

/** Nothing would say when it can take requests. */
function adviseHealth({ members }: Group, fields: ReadonlyMap<string, Value>, remarks: Remark[]): void {
  const [container] = members;
  const hasCheck = container?.health !== null && container?.health.test[0] !== 'NONE';
  const command = JSON.stringify(fields.get('command') ?? '');
  const isSocket = /%\{app_name\}[^"]*\.sock/.test(command);
  const isDatabase = container !== undefined && databaseKind(container) !== null;
  if (fields.get('deploy') === 'auto' && !hasCheck && !isSocket && !isDatabase)
    remarks.push(
      hint(null, 'nothing says when it is ready: add `health: {path: /…}` or `health: {command: …}`'),
    );
}

/** Ports of the host, each of which one container can have. */
export class HostPortClaims {
  readonly #taken: PortSpec[] = [];

  /** False: one of them is taken already, and none of these is. */
  take(text: string, count: number): boolean {
    const wanted: PortSpec[] = [];
    for (let index = 0; index < count; index++) {
      const read = parsePorts(text.replaceAll('%{index}', String(index)).replaceAll('%%', '%'));
      if (!read.ok) return false;
      wanted.push(...read.value.filter(({ hostPort }) => hostPort !== null));
    }
    if (wanted.some((port) => this.#taken.some((other) => isClash(port, other)))) return false;
    this.#taken.push(...wanted);
    return true;
  }
}

function isClash(a: PortSpec, b: PortSpec): boolean {
  const isAny = (ip: string | null) => ip === null || ip === '0.0.0.0' || ip === '::';
  return (
    a.hostPort === b.hostPort &&
    a.protocol === b.protocol &&
    (isAny(a.hostIp) || isAny(b.hostIp) || a.hostIp === b.hostIp)
  );
}
