import type { ContainerConfig } from '../../compiler/plan/container-config.ts';
import type { MountSpec, PortSpec } from '../../compiler/desired/instance-spec.ts';

/** A create call: what goes into its URL and what into its body. `Env` must never be in the URL, where proxies log it. */
export interface CreateRequest {
  readonly _query: Readonly<Record<string, string>>;
  readonly _body: Readonly<Record<string, unknown>>;
}

/** POST /containers/create for a configuration; absent values are left out, so that the image's own count. */
export function createRequest(config: ContainerConfig): CreateRequest {
  const { name, platform } = config;
  return {
    _query: platform === null ? { name } : { name, platform },
    _body: present({
      Image: config.image,
      Labels: config.labels,
      Env: config.env,
      Entrypoint: config.entrypoint,
      Cmd: config.command,
      User: config.user,
      WorkingDir: config.workingDir,
      Hostname: config.hostname,
      Tty: config.tty,
      OpenStdin: config.openStdin,
      // One input, whose end is the end: else a program that reads to the end waits for ever.
      StdinOnce: config.openStdin,
      AttachStdin: config.openStdin,
      StopSignal: config.stopSignal,
      StopTimeout: config.stopTimeoutS,
      ExposedPorts: Object.fromEntries(config.ports.map((port) => [portKey(port), {}])),
      HostConfig: hostConfig(config),
      NetworkingConfig: networkingConfig(config),
    }),
  };
}

function hostConfig(config: ContainerConfig): Record<string, unknown> {
  return present({
    NetworkMode: config.network,
    PidMode: config.hostProcesses ? 'host' : null,
    // An engine that maps users lets only its own users see the host's processes.
    UsernsMode: config.hostProcesses ? 'host' : null,
    Binds: config.mounts.filter(isPlainBind).map(bindText),
    Mounts: config.mounts.filter((mount) => !isPlainBind(mount)).map(mountEntry),
    PortBindings: portBindings(config.ports),
    RestartPolicy: { Name: config.restart.name, MaximumRetryCount: config.restart.maxRetries },
    LogConfig: config.log && { Type: config.log.driver ?? '', Config: config.log.options },
    Memory: config.memory,
    NanoCpus: config.cpus === null ? null : Math.round(config.cpus * 1e9),
    ReadonlyRootfs: config.readOnly,
    Tmpfs: config.tmpfs,
    CapAdd: config.capAdd,
    CapDrop: config.capDrop,
    Init: config.init,
    Ulimits: config.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ShmSize: config.shmSize,
    Sysctls: config.sysctls,
    Devices: config.devices.map(({ host, container, permissions }) => ({
      PathOnHost: host,
      PathInContainer: container,
      CgroupPermissions: permissions,
    })),
    SecurityOpt: config.securityOpt,
    ExtraHosts: config.extraHosts,
  });
}

function networkingConfig({ network, links }: ContainerConfig): Record<string, unknown> | null {
  if (network === 'host' || network === 'none' || network.startsWith('container:')) return null;
  return { EndpointsConfig: { [network]: links.length === 0 ? {} : { Links: links } } };
}

/**
 * Binds go the way of `docker run -v`, which makes a missing folder and knows SELinux labels; `Mounts` does neither.
 * Only a path with a colon cannot be written that way; and one that must exist is not.
 */
function isPlainBind(mount: MountSpec): boolean {
  if (mount.type !== 'bind' || mount.mustExist === true) return false;
  return !mount.source.includes(':') && !mount.target.includes(':');
}

function bindText(mount: MountSpec): string {
  const relabel = mount.relabel === null ? [] : [mount.relabel === 'shared' ? 'z' : 'Z'];
  const options = [...(mount.readOnly ? ['ro'] : []), ...relabel];
  return [mount.source, mount.target, ...(options.length === 0 ? [] : [options.join(',')])].join(':');
}

function mountEntry(mount: MountSpec): Record<string, unknown> {
  const entry = { Type: mount.type, Source: mount.source, Target: mount.target, ReadOnly: mount.readOnly };
  return mount.type === 'volume' ? { ...entry, VolumeOptions: { NoCopy: mount.noCopy } } : entry;
}

function portKey(port: PortSpec): string {
  return `${port.containerPort}/${port.protocol}`;
}

function portBindings(ports: readonly PortSpec[]): Record<string, readonly object[]> {
  const bindings: Record<string, object[]> = {};
  for (const port of ports) {
    const list = (bindings[portKey(port)] ??= []);
    list.push({ HostIp: port.hostIp ?? '', HostPort: port.hostPort === null ? '' : String(port.hostPort) });
  }
  return bindings;
}

function present(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
