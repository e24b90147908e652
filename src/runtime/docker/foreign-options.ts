import type { ContainerInspectInfo } from 'dockerode';

type HostConfig = ContainerInspectInfo['HostConfig'];

/** A field of the engine's and the option of `docker run` that sets it; `usual` are values that say nothing. */
interface Row {
  readonly field: string;
  readonly option: string;
  readonly usual?: readonly unknown[];
  /** Whether the value may be shown beside the option. */
  readonly isShown?: boolean;
}

/** What HostConfig says and no stack file does. */
const OF_HOST: readonly Row[] = [
  { field: 'Privileged', option: '--privileged' },
  { field: 'PidMode', option: '--pid', isShown: true },
  { field: 'IpcMode', option: '--ipc', usual: ['private', 'shareable'], isShown: true },
  { field: 'UTSMode', option: '--uts', isShown: true },
  { field: 'UsernsMode', option: '--userns', isShown: true },
  { field: 'CgroupnsMode', option: '--cgroupns', usual: ['host', 'private'], isShown: true },
  { field: 'CgroupParent', option: '--cgroup-parent', isShown: true },
  { field: 'CpuShares', option: '--cpu-shares', isShown: true },
  { field: 'CpusetCpus', option: '--cpuset-cpus', isShown: true },
  { field: 'CpusetMems', option: '--cpuset-mems', isShown: true },
  { field: 'CpuRealtimePeriod', option: '--cpu-rt-period', isShown: true },
  { field: 'CpuRealtimeRuntime', option: '--cpu-rt-runtime', isShown: true },
  { field: 'MemoryReservation', option: '--memory-reservation', isShown: true },
  { field: 'MemorySwappiness', option: '--memory-swappiness', usual: [-1], isShown: true },
  { field: 'KernelMemory', option: '--kernel-memory', isShown: true },
  { field: 'OomKillDisable', option: '--oom-kill-disable' },
  { field: 'OomScoreAdj', option: '--oom-score-adj', isShown: true },
  { field: 'PidsLimit', option: '--pids-limit', usual: [-1], isShown: true },
  { field: 'BlkioWeight', option: '--blkio-weight', isShown: true },
  { field: 'BlkioWeightDevice', option: '--blkio-weight-device' },
  { field: 'BlkioDeviceReadBps', option: '--device-read-bps' },
  { field: 'BlkioDeviceWriteBps', option: '--device-write-bps' },
  { field: 'BlkioDeviceReadIOps', option: '--device-read-iops' },
  { field: 'BlkioDeviceWriteIOps', option: '--device-write-iops' },
  { field: 'DeviceCgroupRules', option: '--device-cgroup-rule' },
  { field: 'DeviceRequests', option: '--gpus' },
  { field: 'Dns', option: '--dns', isShown: true },
  { field: 'DnsSearch', option: '--dns-search', isShown: true },
  { field: 'DnsOptions', option: '--dns-option', isShown: true },
  { field: 'GroupAdd', option: '--group-add', isShown: true },
  { field: 'StorageOpt', option: '--storage-opt' },
  { field: 'Runtime', option: '--runtime', usual: ['runc', 'io.containerd.runc.v2'], isShown: true },
  { field: 'VolumeDriver', option: '--volume-driver', isShown: true },
  { field: 'AutoRemove', option: '--rm' },
  { field: 'Isolation', option: '--isolation', usual: ['default'], isShown: true },
  { field: 'Annotations', option: '--annotation' },
];

/** What Config says and no stack file does. */
const OF_CONFIG: readonly Row[] = [
  { field: 'Tty', option: '--tty' },
  { field: 'OpenStdin', option: '--interactive' },
  { field: 'Domainname', option: '--domainname', isShown: true },
];

/** The options of `docker run` that a container was made with and that no stack file has. No value that could be a secret. */
export function foreignOptions(info: ContainerInspectInfo): readonly string[] {
  const { HostConfig: host, Config: config } = info;
  const found = [
    ...OF_HOST.flatMap((row) => option(host, row)),
    ...OF_CONFIG.flatMap((row) => option(config, row)),
  ];
  if (hasOwnSwap(host)) found.push(`--memory-swap=${host.MemorySwap}`);
  if (isUnconfined(host)) found.push('--security-opt systempaths=unconfined');
  found.push(...portRanges(host));
  for (const [name, { IPAMConfig: address }] of Object.entries(info.NetworkSettings.Networks ?? {})) {
    const fixed: unknown = address?.IPv4Address || address?.IPv6Address;
    if (typeof fixed === 'string' && fixed !== '') found.push(`--ip=${fixed} (on ${name})`);
  }
  return found;
}

function option(
  values: object,
  { field, option: name, usual = [], isShown = false }: Row,
): readonly string[] {
  const value: unknown = Reflect.get(values, field);
  if (isEmpty(value) || usual.includes(value)) return [];
  if (!isShown) return [name];
  const texts = Array.isArray(value) ? value.map(String) : [String(value)];
  return texts.map((text) => `${name}=${text}`);
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** Twice the memory is what the engine takes by itself. */
function hasOwnSwap({ Memory: memory = 0, MemorySwap: swap = 0 }: HostConfig): boolean {
  return swap !== 0 && swap !== 2 * memory && !(memory === 0 && swap === -1);
}

/** An empty list, where the engine has one of its own. */
function isUnconfined(host: HostConfig): boolean {
  const masked: unknown = Reflect.get(host, 'MaskedPaths');
  return host.Privileged !== true && Array.isArray(masked) && masked.length === 0;
}

/** Ports of the host of which the engine takes one that is free: the file has one, or any. */
function portRanges({ PortBindings: bindings }: HostConfig): readonly string[] {
  const all: Readonly<Record<string, readonly { HostIp?: string; HostPort?: string }[] | null>> =
    bindings ?? {};
  return Object.entries(all).flatMap(([port, list]) =>
    (list ?? []).flatMap(({ HostIp: ip = '', HostPort: range = '' }) => {
      if (!range.includes('-')) return [];
      const address = ip === '' ? '' : `${ip.includes(':') ? `[${ip}]` : ip}:`;
      return [`--publish=${address}${range}:${port.replace(/\/tcp$/, '')}`];
    }),
  );
}
