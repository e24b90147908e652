import type { DocumentNode, Property } from '../../source/document.ts';
import type { DataVolumeSpec } from '../application-spec.ts';
import { normalizePath } from '../values/volume.ts';
import type { Reader } from './reader.ts';

/**
 * Reads `data_volumes` in all shapes seen in the wild: `[{a: {volumes: []}, b: {…}}]`, `[{a: …}, {b: …}]`,
 * `{a: {volumes: […]}}` and `{a: […]}`.
 */
export function readDataVolumes(node: DocumentNode | undefined, reader: Reader): readonly DataVolumeSpec[] {
  const found = new Map<string, DataVolumeSpec>();
  for (const item of reader.items(node)) {
    for (const [name, entry] of reader.fields(item)) {
      const before = found.get(name);
      if (before !== undefined) {
        reader.problems.error('STK307', `two data volumes are called \`${name}\``, entry.keyRange, {
          related: [{ range: before.range, message: 'the first one' }],
        });
      } else if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name)) {
        found.set(name, { name, range: entry.keyRange, paths: readPaths(entry, reader) });
      } else {
        reader.problems.error('STK309', `\`${name}\` cannot be a data volume's name`, entry.keyRange, {
          help: 'letters, digits, `_`, `.` and `-`, and a letter or digit first',
        });
      }
    }
  }
  return [...found.values()];
}

function readPaths(entry: Property, reader: Reader): readonly string[] {
  const list = entry.value.kind === 'object' ? reader.fields(entry.value).get('volumes')?.value : entry.value;
  const paths = new Set<string>();
  for (const { text, place } of reader.texts(list)) {
    const path = normalizePath(text);
    if (path === null || path === '/' || /[:\0]/.test(text)) {
      reader.problems.error('STK317', `\`${text}\` cannot be a mount path`, place.range, {
        help: 'write an absolute path such as `/var/static`, without options',
      });
    } else if (paths.has(path)) {
      reader.problems.error(
        'STK318',
        `\`${path}\` stands twice in the data volume \`${entry.key}\``,
        place.range,
      );
    } else {
      paths.add(path);
    }
  }
  return [...paths].sort();
}
