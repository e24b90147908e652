import type { ContainerSpec } from '../spec/container-spec.ts';
import { variesByInstance, type Template } from '../spec/template.ts';
import { parseByteSize } from '../spec/values/byte-size.ts';
import {
  parseCpus,
  parseDevice,
  parseExtraHost,
  parseHostname,
  parseNetworkName,
  parsePlatform,
  parseTmpfs,
  parseWorkingDir,
} from '../spec/values/runtime-options.ts';
import { parsed } from '../spec/values/parsed.ts';
import type { EnvEntry } from '../spec/application-spec.ts';
import type { Expander, Scope } from './expander.ts';
import type { InstanceSpec } from './instance-spec.ts';

/** The fields of an instance's spec that are read from one string or list each. */
export type PlainFields = Pick<
  InstanceSpec,
  | 'user'
  | 'workingDir'
  | 'hostname'
  | 'network'
  | 'networks'
  | 'restart'
  | 'stopSignal'
  | 'memory'
  | 'cpus'
  | 'readOnly'
  | 'tmpfs'
  | 'capAdd'
  | 'capDrop'
  | 'init'
  | 'ulimits'
  | 'shmSize'
  | 'sysctls'
  | 'devices'
  | 'securityOpt'
  | 'extraHosts'
  | 'labels'
  | 'platform'
>;

/** Whether {@link plainFields} may differ between instances. */
export function plainFieldsVary(container: ContainerSpec): boolean {
  const { limits, labels } = container;
  const single = [
    container.user,
    container.workingDir,
    container.hostname,
    limits.memory,
    limits.cpus,
    limits.shmSize,
  ].flatMap((template) => template ?? []);
  const lists = [container.networks, limits.tmpfs, limits.devices, limits.securityOpt, limits.extraHosts];
  const entries = [...labels, ...limits.sysctls].map(({ value }) => value);
  return [...single, ...lists.flat(), ...entries].some(variesByInstance);
}

/** Expands and reads them; what is a set is sorted. */
export function plainFields(container: ContainerSpec, scope: Scope, expander: Expander): PlainFields {
  const { limits } = container;
  const text = (template: Template | null) => (template === null ? null : expander.expand(template, scope));
  const one = <T>(template: Template | null, parse: Parameters<typeof expander.parse<T>>[3]) =>
    template === null ? null : expander.parse(template, scope, 'STK332', parse);
  const many = <T>(templates: readonly Template[], parse: Parameters<typeof expander.parse<T>>[3]) =>
    templates.flatMap((template): readonly T[] => {
      const value = one(template, parse);
      // Wrapped, since a value may be a pair.
      return value === null ? [] : [value];
    });
  const size = (template: Template | null) =>
    template === null ? null : expander.parse(template, scope, 'STK320', parseByteSize);
  const record = (entries: readonly EnvEntry[]) =>
    Object.fromEntries(entries.flatMap(({ name, value }) => entry(name, expander.expand(value, scope))));
  const user = text(container.user);
  return {
    user: user === '' ? null : user,
    workingDir: one(container.workingDir, parseWorkingDir),
    hostname: one(container.hostname, parseHostname),
    network: container.network.mode,
    networks: sorted(many(container.networks, parseNetworkName)),
    restart: container.restart,
    stopSignal: container.stopSignal,
    memory: size(limits.memory),
    cpus: one(limits.cpus, parseCpus),
    readOnly: limits.readOnly,
    tmpfs: Object.fromEntries(many(limits.tmpfs, parseTmpfs).sort(([a], [b]) => (a < b ? -1 : 1))),
    capAdd: limits.capAdd,
    capDrop: limits.capDrop,
    init: limits.init,
    ulimits: limits.ulimits,
    shmSize: size(limits.shmSize),
    sysctls: record(limits.sysctls),
    devices: many(limits.devices, parseDevice).sort((a, b) => (a.container < b.container ? -1 : 1)),
    securityOpt: sorted(many(limits.securityOpt, parsed)),
    extraHosts: sorted(many(limits.extraHosts, parseExtraHost)),
    labels: record(container.labels),
    platform: one(container.platform, parsePlatform),
  };
}

function entry(name: string, value: string | null): readonly (readonly [string, string])[] {
  return value === null ? [] : [[name, value]];
}

function sorted(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
