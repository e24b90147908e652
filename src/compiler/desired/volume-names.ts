import type { ApplicationSpec } from '../spec/application-spec.ts';
import { shortHash, slug } from '../spec/values/slug.ts';
import type { DesiredVolume } from './desired-state.ts';
import type { DataMount, ResolvedInputs } from './resolved-inputs.ts';

/** What is mounted for each path of each data volume. */
export interface DataVolumes {
  readonly volumes: readonly DesiredVolume[];
  /** The mount of one path of an application's data volume. */
  mount(application: string, dataVolume: string, path: string): DataMount;
}

/**
 * Names a volume for each path, `<base>-<data volume>-<path>`, and takes what exists already instead. A hash tells
 * apart what the slug of a path cannot: `/var/lib` and `/var-lib`, `/Data` and `/data`.
 */
export function dataVolumes(
  applications: readonly ApplicationSpec[],
  existing: ResolvedInputs['dataMounts'],
): DataVolumes {
  const entries = applications.flatMap(({ name: application, base, dataVolumes: specs }) =>
    specs.flatMap(({ name, paths }) =>
      paths.map((path) => ({ application, dataVolume: name, path, plain: `${base}-${name}-${slug(path)}` })),
    ),
  );
  const uses = new Map<string, number>();
  for (const { plain } of entries) uses.set(plain, (uses.get(plain) ?? 0) + 1);

  const mounts = new Map<string, DataMount>();
  const volumes: DesiredVolume[] = [];
  for (const { application, dataVolume, path, plain } of entries) {
    const lossy = !/^[a-z0-9/-]+$/.test(path) || (uses.get(plain) ?? 0) > 1;
    const name = lossy ? `${plain}-${shortHash(`${application}/${dataVolume}${path}`)}` : plain;
    const found = own(own(existing, `${application}/${dataVolume}`), path);
    const mount = found ?? { type: 'volume', source: name };
    mounts.set(key(application, dataVolume, path), mount);
    if (mount.type === 'volume') {
      volumes.push({ name: mount.source, application, dataVolume, path, adopted: mount.source !== name });
    }
  }
  return {
    volumes: volumes.sort((a, b) => (a.name < b.name ? -1 : 1)),
    mount(application, dataVolume, path) {
      const mount = mounts.get(key(application, dataVolume, path));
      if (mount === undefined) throw new Error(`no data volume ${key(application, dataVolume, path)}`);
      return mount;
    },
  };
}

function key(application: string, dataVolume: string, path: string): string {
  return `${application}/${dataVolume}:${path}`;
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}
