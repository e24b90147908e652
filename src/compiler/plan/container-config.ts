import type { FilePlace, MountSpec, PortSpec, RestartPolicy } from '../desired/instance-spec.ts';
import type { RuntimeOptions } from '../desired/runtime-options.ts';

/** Everything one create call says. Made by a pure function, so that it can be compared in tests. */
export interface ContainerConfig extends RuntimeOptions {
  readonly name: string;
  readonly image: string;
  readonly platform: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=value`. Sent in the body, never in the URL. */
  readonly env: readonly string[];
  /** Null: the image's own. An empty entrypoint array is none at all. */
  readonly entrypoint: readonly string[] | null;
  readonly command: readonly string[] | null;
  readonly user: string | null;
  readonly workingDir: string | null;
  readonly hostname: string | null;
  /** The network it starts on: a network's name, `host`, `none`, or `container:` and the id of the one whose network it shares. */
  readonly network: string;
  /** `container:alias` names resolved on `network` (EndpointSettings.Links); the targets need not exist. */
  readonly links: readonly string[];
  /** Sees the processes of the host. */
  readonly hostProcesses: boolean;
  readonly mounts: readonly MountSpec[];
  readonly ports: readonly PortSpec[];
  readonly restart: RestartPolicy;
  /** Null leaves the image's own. */
  readonly stopSignal: string | null;
  readonly stopTimeoutS: number | null;
  readonly log: { readonly driver: string | null; readonly options: Readonly<Record<string, string>> } | null;
  readonly tty: boolean;
  readonly openStdin: boolean;
  /** Put into it between create and start. */
  readonly files: readonly PlacedFile[];
}

/** A file as it is put into a container. */
export interface PlacedFile extends FilePlace {
  readonly content: Uint8Array;
}
