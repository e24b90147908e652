import type { ApplicationSpec } from '../spec/application-spec.ts';
import type { ContainerSpec, MountSource } from '../spec/container-spec.ts';
import { variesByInstance, type Template } from '../spec/template.ts';
import type { Range } from '../span.ts';
import { normalizePath, parseVolume } from '../spec/values/volume.ts';
import type { ContainerKey } from './desired-state.ts';
import type { Expander } from './expander.ts';
import type { MountSpec } from './instance-spec.ts';
import type { DataVolumes } from './volume-names.ts';

/** The mounts of containers, each asked once and kept where its instances share them. */
export class Mounts {
  readonly #volumes: DataVolumes;
  readonly #expander: Expander;
  readonly #containers = new Map<ContainerKey, ContainerSpec>();
  readonly #kept = new Map<ContainerKey, readonly MountSpec[]>();

  constructor(applications: readonly ApplicationSpec[], volumes: DataVolumes, expander: Expander) {
    this.#volumes = volumes;
    this.#expander = expander;
    for (const { containers } of applications) for (const c of containers) this.#containers.set(c.key, c);
  }

  /** Whether instances of a container may mount different things. */
  vary(container: ContainerSpec): boolean {
    return [...container.volumes, ...container.limits.tmpfs].some(variesByInstance);
  }

  /** Reads a container's own `volumes` for their problems only. */
  check(container: ContainerSpec): void {
    const taken: Taken = new Map();
    for (const template of container.volumes) this.#addOwn(template, container, 0, taken);
    this.#checkTmpfs(container, 0, taken);
  }

  /** Sorted by target. `volumes` win over `volumes_from`, as with `docker run`; a path that two sources want is `STK318`. */
  of(container: ContainerSpec, index: number): readonly MountSpec[] {
    const shared = !this.vary(container);
    const kept = shared ? this.#kept.get(container.key) : undefined;
    if (kept !== undefined) return kept;
    const taken = new Map<string, { readonly mount: MountSpec; readonly range: Range }>();
    for (const template of container.volumes) this.#addOwn(template, container, index, taken);
    const own = new Set(taken.keys());
    for (const source of container.mountsFrom) {
      for (const mount of this.#from(source, container)) this.#addFrom(mount, source.place.range, own, taken);
    }
    this.#checkTmpfs(container, index, taken);
    const mounts = [...taken.values()]
      .map(({ mount }) => mount)
      .sort((a, b) => (a.target < b.target ? -1 : 1));
    if (shared) this.#kept.set(container.key, mounts);
    return mounts;
  }

  #addOwn(template: Template, container: ContainerSpec, index: number, taken: Taken): void {
    const { application, name } = container;
    const scope = { application, container: name, index };
    const volume = this.#expander.parse(template, scope, 'STK317', parseVolume);
    if (volume === null) return;
    const { range } = template.place;
    const before = taken.get(volume.target);
    if (before !== undefined) {
      this.#twice(volume.target, range, before.range);
      return;
    }
    if (volume.relabel !== null && volume.type === 'volume') {
      this.#expander.problems.warn('STK363', '`z` and `Z` mean nothing for a named volume', range, {
        help: 'take the option out: the engine labels its own volumes',
      });
    }
    const relabel = volume.type === 'bind' ? volume.relabel : null;
    taken.set(volume.target, { mount: { ...volume, relabel, dataVolume: null }, range });
  }

  #from(source: MountSource, container: ContainerSpec): readonly MountSpec[] {
    if (source.kind === 'data volume') {
      const { name, paths } = source.dataVolume;
      return paths.map((path) => {
        const { type, source: from } = this.#volumes.mount(container.application, name, path);
        return {
          type,
          source: from,
          target: path,
          readOnly: source.readOnly,
          noCopy: type === 'volume',
          relabel: null,
          dataVolume: name,
        };
      });
    }
    const other = this.#containers.get(source.container);
    if (other === undefined) return [];
    if (this.vary(other)) {
      this.#expander.problems.error(
        'STK304',
        `the instances of \`${other.name}\` mount different volumes`,
        source.place.range,
        { help: 'write the `volumes` here too, or keep `%{app_name}` and `%{index}` out of them there' },
      );
      return [];
    }
    const mounts = this.of(other, 0);
    return source.readOnly ? mounts.map((mount) => ({ ...mount, readOnly: true })) : mounts;
  }

  #addFrom(mount: MountSpec, range: Range, own: ReadonlySet<string>, taken: Taken): void {
    const before = taken.get(mount.target);
    if (before === undefined) taken.set(mount.target, { mount, range });
    else if (own.has(mount.target)) return;
    else if (before.mount.source !== mount.source) this.#twice(mount.target, range, before.range);
    // The same volume twice: writable if either says so.
    else if (before.mount.readOnly && !mount.readOnly) taken.set(mount.target, { mount, range });
  }

  #checkTmpfs(container: ContainerSpec, index: number, taken: Taken): void {
    const scope = { application: container.application, container: container.name, index };
    for (const template of container.limits.tmpfs) {
      const text = this.#expander.expand(template, scope);
      const before = taken.get(normalizePath(text?.split(':')[0] ?? '') ?? '');
      if (before !== undefined) this.#twice(before.mount.target, template.place.range, before.range);
    }
  }

  #twice(target: string, range: Range, before: Range): void {
    this.#expander.problems.error('STK318', `\`${target}\` is mounted twice`, range, {
      related: [{ range: before, message: 'mounted here too' }],
    });
  }
}

type Taken = Map<string, { readonly mount: MountSpec; readonly range: Range }>;
