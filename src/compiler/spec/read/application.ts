import type { DocumentNode, Property } from '../../source/document.ts';
import type { DataVolumeSpec, DatabaseSpec, EnvEntry } from '../application-spec.ts';
import type { ContainerKey } from '../../desired/desired-state.ts';
import type { WrittenContainer } from '../container-spec.ts';
import type { Range } from '../../span.ts';
import { readContainer } from './container.ts';
import { readContainerDefaults, type ContainerDefaults } from './container-defaults.ts';
import { readDataVolumes } from './data-volumes.ts';
import { readDatabase } from './database.ts';
import { readEnvironment } from './environment.ts';
import { reportLaterKeys } from './later-keys.ts';
import type { Reader } from './reader.ts';

/** One entry of `deploy` as it is written. */
export interface WrittenApplication {
  readonly name: string;
  readonly range: Range;
  readonly dataVolumes: readonly DataVolumeSpec[];
  readonly database: DatabaseSpec | null;
  readonly environment: readonly EnvEntry[];
  /** As written. */
  readonly containers: readonly WrittenContainer[];
  /** Names of entries that could not be read: naming one is no mistake of its own. */
  readonly unread: ReadonlySet<string>;
  /** Containers with problems of their own, whose consequences would only hide them. */
  readonly flawed: ReadonlySet<ContainerKey>;
}

/** Reads one application. `application_type` and `APP_TYPE` gated the old cookbook and mean nothing here. */
export function readApplication(
  property: Property,
  outer: Reader,
  around: ContainerDefaults,
): WrittenApplication {
  const reader = outer.within({ application: property.key });
  const fields = reader.fields(property.value);
  const node = (key: string) => fields.get(key)?.value;
  reportLaterKeys(fields, 'application', reader);
  const dataVolumes = readDataVolumes(node('data_volumes'), reader);
  const defaults = readContainerDefaults(fields, reader, around);
  const { containers, unread, flawed } = readContainers(node('containers'), dataVolumes, reader, defaults);
  return {
    name: property.key,
    range: property.keyRange,
    dataVolumes,
    database: readDatabase(fields.get('database'), reader),
    environment: readEnvironment(node('environment_variables'), reader).filter(
      ({ name }) => name !== 'APP_TYPE',
    ),
    containers,
    unread,
    flawed,
  };
}

function readContainers(
  node: DocumentNode | undefined,
  dataVolumes: readonly DataVolumeSpec[],
  reader: Reader,
  defaults: ContainerDefaults,
) {
  const containers: WrittenContainer[] = [];
  const unread = new Set<string>();
  const flawed = new Set<ContainerKey>();
  const taken = new Map<string, { readonly range: Range; readonly what: string }>(
    dataVolumes.map(({ name, range }) => [name, { range, what: 'the data volume' }]),
  );
  for (const item of reader.items(node)) {
    for (const [name, entry] of reader.fields(item)) {
      const before = taken.get(name);
      if (before !== undefined) {
        reader.problems.error('STK307', `the name \`${name}\` is taken`, entry.keyRange, {
          related: [{ range: before.range, message: `${before.what} of that name` }],
          help: '`volumes_from` and the other references could not tell the two apart',
        });
      }
      const errors = reader.problems.errors;
      const container = readContainer(entry, reader, defaults);
      if (container !== null && reader.problems.errors > errors) flawed.add(container.key);
      if (container === null) unread.add(name);
      if (before !== undefined) continue;
      taken.set(name, { range: entry.keyRange, what: 'the container' });
      if (container !== null) containers.push(container);
    }
  }
  return { containers, unread, flawed };
}
