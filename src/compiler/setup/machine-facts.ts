/** What a machine says of itself before it is set up. */
export interface MachineFacts {
  /** Who the ssh session is. */
  readonly user: string;
  readonly rights: Rights;
  /** Whether the user may talk to the engine: root, or in the group `docker`. */
  readonly mayUseEngine: boolean;
  readonly system: {
    /** `ID` of os-release(5): `debian`. */
    readonly id: string;
    /** `VERSION_CODENAME`: `bookworm`; empty where there is none. */
    readonly codename: string;
    /** `Debian GNU/Linux 12 (bookworm)`. */
    readonly name: string;
    /** As dpkg calls it: `amd64`. */
    readonly architecture: string;
    readonly services: 'systemd' | 'sysv' | 'none';
    /** Whether anything is mounted there that containers can be limited with. */
    readonly cgroups: boolean;
    /** Free where the engine keeps its files, in bytes. */
    readonly freeBytes: number;
  };
  readonly packages: {
    readonly hasApt: boolean;
    /** An installation was cut off: nothing can be installed before it is finished. */
    readonly interrupted: boolean;
    /** The program that holds the lock of apt or dpkg at the moment. */
    readonly lockedBy: string | null;
    /** The version of `docker.io` that would be installed, as far as the machine's lists know. */
    readonly candidate: string | null;
    /** Whether Docker's own repository is among the sources. */
    readonly knowsDockers: boolean;
  };
  readonly engine: EngineFacts | null;
  /** The words that dockerd is started with; settings that stand there must not stand in its file as well. */
  readonly flags: string;
  /** The text of /etc/docker/daemon.json; null where there is none. */
  readonly settings: string | null;
}

/** How the user becomes root: as it is, by sudo without a password, by sudo with one, not at all. */
export type Rights = 'root' | 'sudo' | 'password' | 'none';

/** Where an engine comes from; `other`: nobody knows, somebody put it there. */
export type EngineSource = 'docker.io' | 'docker-ce' | 'moby-engine' | 'snap' | 'podman-docker' | 'other';

/** An engine that is on the machine. */
export interface EngineFacts {
  readonly source: EngineSource;
  /** `20.10.24`; empty where its program does not say. */
  readonly version: string;
  /** Whether there is `docker`, which connections over ssh go through. */
  readonly hasClient: boolean;
  readonly startsAtBoot: boolean;
  /** Whether its process is there, though it may not answer, or not be asked for want of a client. */
  readonly hasProcess: boolean;
  /** Of one that does not answer: whether its files say so. */
  readonly swarm: boolean;
  /** Null while it does not answer. */
  readonly running: RunningEngine | null;
}

/** What an engine that answers says. */
export interface RunningEngine {
  readonly version: string;
  /** Those that run or are paused. */
  readonly containers: number;
  readonly liveRestore: boolean;
  /** Its settings were written after its start, and take a restart. */
  readonly awaitsRestart: boolean;
  readonly hasAgentImage: boolean;
}
