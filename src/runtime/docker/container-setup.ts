import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';

import type { PortSpec, RestartPolicy } from '../../compiler/desired/instance-spec.ts';
import type {
  HealthCheck,
  ImageDefaults,
  RunningContainer,
  RunningMount,
} from '../../compiler/import/running.ts';
import { detailsOf } from './container-answers.ts';
import { foreignOptions } from './foreign-options.ts';

/** What the engine gives by itself. */
const SHM_BYTES = 64 * 1024 * 1024;

/** GET /containers/{id}/json, as far as a stack file can say it. */
export function setupOf(row: ContainerInspectInfo): RunningContainer {
  const { Config: config, HostConfig: host } = row;
  const details = detailsOf(row);
  const { MaximumRetryCount: retries = 0 } = host.RestartPolicy ?? {};
  return {
    id: row.Id,
    name: details.name,
    image: config.Image,
    imageId: row.Image,
    state: details.state,
    labels: details.labels,
    env: details.env,
    command: details.command ?? [],
    entrypoint: details.entrypoint ?? [],
    user: config.User ?? '',
    workingDir: config.WorkingDir ?? '',
    hostname: config.Hostname ?? '',
    stopSignal: details.stopSignal,
    stopTimeoutS: numberOf(Reflect.get(config, 'StopTimeout')),
    health: healthOf(config.Healthcheck),
    restart: { name: policyOf(host.RestartPolicy?.Name), maxRetries: retries },
    networkMode: details.networkMode,
    networks: Object.entries(details.networks).map(([name, aliases]) => ({
      name,
      aliases: aliases.filter((alias) => alias !== details.name),
    })),
    links: (host.Links ?? []).flatMap(linkOf),
    mounts: (row.Mounts ?? []).flatMap(mountOf).sort((a, b) => (a.target < b.target ? -1 : 1)),
    volumesFrom: (host.VolumesFrom ?? []).map((text: string) => ({
      container: text.replace(/:[^:]*$/, ''),
      readOnly: /:(?:[^:]*,)?ro(?:,|$)/.test(text),
    })),
    ports: portsOf(row),
    log: { driver: host.LogConfig?.Type ?? '', options: stringsOf(host.LogConfig?.Config) },
    memory: host.Memory || null,
    cpus: cpusOf(host),
    readOnly: host.ReadonlyRootfs ?? false,
    tmpfs: { ...stringsOf(host.Tmpfs), ...Object.fromEntries((host.Mounts ?? []).flatMap(tmpfsOf)) },
    capAdd: stringList(host.CapAdd),
    capDrop: stringList(host.CapDrop),
    init: host.Init ?? null,
    ulimits: (host.Ulimits ?? []).map(({ Name = '', Soft = 0, Hard = 0 }) => ({
      name: Name,
      soft: Soft,
      hard: Hard,
    })),
    shmSize: host.ShmSize === SHM_BYTES ? null : host.ShmSize || null,
    sysctls: stringsOf(host.Sysctls),
    devices: (host.Devices ?? []).map(
      (device: { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }) => ({
        host: device.PathOnHost,
        container: device.PathInContainer,
        permissions: device.CgroupPermissions,
      }),
    ),
    securityOpt: stringList(host.SecurityOpt),
    extraHosts: stringList(host.ExtraHosts),
    foreignOptions: foreignOptions(row),
  };
}

/** GET /images/{name}/json: what its containers have that say nothing themselves. */
export function defaultsOf(image: ImageInspectInfo): ImageDefaults {
  const config: Partial<ImageInspectInfo['Config']> = image.Config ?? {};
  const stopSignal: unknown = Reflect.get(config, 'StopSignal');
  const entrypoint = config.Entrypoint ?? [];
  return {
    id: image.Id,
    tags: [...(image.RepoTags ?? [])].filter((tag) => !tag.startsWith('<none>')).sort(),
    digests: [...(image.RepoDigests ?? [])].filter((digest) => !digest.startsWith('<none>')).sort(),
    env: config.Env ?? [],
    entrypoint: typeof entrypoint === 'string' ? [entrypoint] : entrypoint,
    command: config.Cmd ?? [],
    user: config.User ?? '',
    workingDir: config.WorkingDir ?? '',
    stopSignal: typeof stopSignal === 'string' && stopSignal !== '' ? stopSignal : null,
    labels: config.Labels ?? {},
    health: healthOf(config.Healthcheck),
    exposedPorts: Object.keys(config.ExposedPorts ?? {}).sort(),
  };
}

/** The engine's times are nanoseconds. */
function healthOf(
  check:
    | {
        readonly Test?: readonly string[] | undefined;
        readonly Interval?: number | undefined;
        readonly Timeout?: number | undefined;
        readonly StartPeriod?: number | undefined;
        readonly Retries?: number | undefined;
      }
    | null
    | undefined,
): HealthCheck | null {
  const test = check?.Test ?? [];
  if (check === null || check === undefined || test.length === 0) return null;
  return {
    test,
    intervalMs: (check.Interval ?? 0) / 1e6,
    timeoutMs: (check.Timeout ?? 0) / 1e6,
    startPeriodMs: (check.StartPeriod ?? 0) / 1e6,
    retries: check.Retries ?? 0,
  };
}

function policyOf(name: string | undefined): RestartPolicy['name'] {
  return name === 'always' || name === 'unless-stopped' || name === 'on-failure' ? name : 'no';
}

/** `/redis:/app0/db`. */
function linkOf(text: string): readonly { readonly target: string; readonly alias: string }[] {
  const [, target, alias] = /^\/?([^:]+):(?:.*\/)?([^/]+)$/.exec(text) ?? [];
  return target === undefined || alias === undefined ? [] : [{ target, alias }];
}

function mountOf(mount: ContainerInspectInfo['Mounts'][number]): readonly RunningMount[] {
  const { Type: type, Destination: target, RW: isWritable } = mount;
  if (type !== 'bind' && type !== 'volume') return [];
  const options = (mount.Mode ?? '').split(',');
  const name = mount.Name ?? '';
  return [
    {
      type,
      source: type === 'volume' ? name : mount.Source,
      target,
      readOnly: !isWritable,
      noCopy: options.includes('nocopy'),
      relabel: options.includes('Z') ? 'private' : options.includes('z') && type === 'bind' ? 'shared' : null,
      // As the engine names a volume that nobody has named.
      anonymous: type === 'volume' && /^[0-9a-f]{64}$/.test(name),
      driver: mount.Driver ?? '',
    },
  ];
}

/** Those of `--mount type=tmpfs`. */
function tmpfsOf(mount: {
  readonly Type?: string;
  readonly Target?: string;
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number } | undefined;
}): readonly (readonly [string, string])[] {
  if (mount.Type !== 'tmpfs' || mount.Target === undefined) return [];
  const { SizeBytes: size = 0, Mode: mode = 0 } = mount.TmpfsOptions ?? {};
  const options = [...(size > 0 ? [`size=${size}`] : []), ...(mode > 0 ? [`mode=${mode.toString(8)}`] : [])];
  return [[mount.Target, options.join(',')]];
}

function portsOf({ Config: config, HostConfig: host }: ContainerInspectInfo): readonly PortSpec[] {
  const bindings: Readonly<Record<string, readonly { HostIp?: string; HostPort?: string }[] | null>> =
    host.PortBindings ?? {};
  const bound = Object.entries(bindings).flatMap(([key, list]) =>
    (list ?? []).flatMap(({ HostIp: ip, HostPort: port }) => portOf(key, port ?? '', ip || null)),
  );
  if (host.PublishAllPorts !== true) return bound;
  const exposed = Object.keys(config.ExposedPorts ?? {}).filter((key) => !Object.hasOwn(bindings, key));
  return [...bound, ...exposed.flatMap((key) => portOf(key, '', null))];
}

/** `80/tcp`, and a port of the host: none, one, or a range of which the engine takes one. */
function portOf(key: string, hostPort: string, hostIp: string | null): readonly PortSpec[] {
  const [, port, protocol = 'tcp'] = /^(\d+)(?:\/(tcp|udp|sctp))?$/.exec(key) ?? [];
  if (port === undefined || (protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp')) return [];
  const fixed = /^\d+$/.test(hostPort) && hostPort !== '0' ? Number(hostPort) : null;
  return [{ containerPort: Number(port), hostPort: fixed, hostIp, protocol }];
}

function cpusOf(host: ContainerInspectInfo['HostConfig']): number | null {
  if (host.NanoCpus) return host.NanoCpus / 1e9;
  const { CpuQuota: quota = 0, CpuPeriod: period = 0 } = host;
  return quota > 0 ? Math.round((quota / (period || 100_000)) * 1000) / 1000 : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function stringList(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function stringsOf(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, String(text)]));
}
