import { parseCpus, parseDevice, parseExtraHost, parseTmpfs } from '../spec/values/runtime-options.ts';
import { normalizePath } from '../spec/values/volume.ts';
import type { Description } from './description.ts';
import type { RunningContainer } from './running.ts';
import { looksSecret } from './secret-values.ts';
import { loss, type Remark, type Value } from './value.ts';

/** What a container may use and do, where the engine would not give it by itself. */
export function describeLimits(container: RunningContainer): Description {
  const fields = new Map<string, Value>();
  const remarks: Remark[] = [];
  const put = (key: string, value: Value | null) => {
    if (value !== null) fields.set(key, value);
  };
  /** Those that a stack file takes; each other one is told. */
  const list = (key: string, values: readonly string[], takes: (text: string) => boolean) => {
    for (const value of values)
      if (!takes(value)) remarks.push(loss(key, `one of its \`${key}\` cannot be said in a stack file`));
    const kept = [...new Set(values.filter(takes))].sort();
    put(key, kept.length === 0 ? null : kept);
  };
  put('memory', container.memory === null ? null : size(container.memory));
  if (container.cpus !== null) {
    const { ok } = parseCpus(String(container.cpus));
    if (ok) put('cpus', container.cpus);
    else remarks.push(loss('cpus', `${container.cpus} processors cannot be said in a stack file`));
  }
  put('shm_size', container.shmSize === null ? null : size(container.shmSize));
  put('read_only', container.readOnly ? true : null);
  put('init', container.init === true ? true : null);
  put('tmpfs', tmpfs(container.tmpfs, remarks));
  list('cap_add', container.capAdd.map(capability), isCapability);
  list('cap_drop', container.capDrop.map(capability), isCapability);
  const limits = container.ulimits.map(({ name, soft, hard }): [string, Value] => [
    name,
    soft === hard ? soft : { soft, hard },
  ]);
  const sayable = limits.filter(([name]) => /^[a-z]+$/.test(name));
  if (sayable.length < limits.length)
    remarks.push(loss('ulimits', 'one of its `ulimits` cannot be said in a stack file'));
  put('ulimits', sayable.length === 0 ? null : Object.fromEntries(sayable));
  const sysctls = Object.entries(container.sysctls).sort(([a], [b]) => (a < b ? -1 : 1));
  put('sysctls', sysctls.length === 0 ? null : Object.fromEntries(sysctls));
  list('devices', container.devices.map(deviceText), (text) => parseDevice(text).ok);
  list('security_opt', container.securityOpt, (text) => text !== '' && !looksSecret(text));
  if (container.networkMode !== 'none')
    list('extra_hosts', container.extraHosts, (text) => parseExtraHost(text).ok);
  return { fields, remarks };
}

function tmpfs(mounts: Readonly<Record<string, string>>, remarks: Remark[]): Value | null {
  const entries = Object.entries(mounts).sort(([a], [b]) => (a < b ? -1 : 1));
  const sayable = entries.filter(
    ([path]) => normalizePath(path) === path && !path.includes(':') && parseTmpfs(path).ok,
  );
  if (sayable.length < entries.length)
    remarks.push(loss('tmpfs', 'one of its `tmpfs` cannot be said in a stack file'));
  if (sayable.length === 0) return null;
  return sayable.every(([, options]) => options === '')
    ? sayable.map(([path]) => path)
    : Object.fromEntries(sayable);
}

function deviceText({ host, container, permissions }: RunningContainer['devices'][number]): string {
  if (permissions !== 'rwm' && permissions !== '') return `${host}:${container}:${permissions}`;
  return host === container ? host : `${host}:${container}`;
}

function capability(name: string): string {
  return name.toUpperCase().replace(/^CAP_/, '');
}

function isCapability(name: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(name);
}

/** Bytes as people write them. */
function size(bytes: number): Value {
  for (const [unit, factor] of UNITS) if (bytes % factor === 0) return `${bytes / factor}${unit}`;
  return bytes;
}

const UNITS = [
  ['g', 1024 ** 3],
  ['m', 1024 ** 2],
  ['k', 1024],
] as const;
