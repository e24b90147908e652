/** What limits and furnishes a container beside its words, its network and its volumes. */
export interface RuntimeOptions {
  /** Bytes; null: no limit. */
  readonly memory: number | null;
  readonly cpus: number | null;
  readonly readOnly: boolean;
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  /** Null: the engine's default. */
  readonly init: boolean | null;
  readonly ulimits: readonly UlimitSpec[];
  /** Bytes; null: the engine's own. */
  readonly shmSize: number | null;
  readonly sysctls: Readonly<Record<string, string>>;
  readonly devices: readonly DeviceSpec[];
  readonly securityOpt: readonly string[];
  readonly extraHosts: readonly string[];
}

/** Where nothing is asked for. */
export const NO_OPTIONS: RuntimeOptions = {
  memory: null,
  cpus: null,
  readOnly: false,
  tmpfs: {},
  capAdd: [],
  capDrop: [],
  init: null,
  ulimits: [],
  shmSize: null,
  sysctls: {},
  devices: [],
  securityOpt: [],
  extraHosts: [],
};

/** A resource limit; -1 is unlimited. */
export interface UlimitSpec {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** A device of the host inside the container; `permissions` of r, w and m. */
export interface DeviceSpec {
  readonly host: string;
  readonly container: string;
  readonly permissions: string;
}
