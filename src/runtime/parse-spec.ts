import type { Adopted } from '../compiler/adopt/record.ts';
import type { RecordedSpec } from '../compiler/desired/instance-spec.ts';
import { labels } from '../compiler/labels.ts';

/** The spec that a container was made from, by its label; null for none, and for one that another version wrote. */
export function specOf(own: Readonly<Record<string, string>>): RecordedSpec | null {
  const value = parseJson(own[labels.spec]);
  // Labels of earlier versions know nothing of files.
  return isSpec(value) ? { ...value, files: Array.isArray(value.files) ? value.files : [] } : null;
}

const LISTS: readonly (keyof RecordedSpec)[] = [
  'env',
  'maskedEnv',
  'mounts',
  'ports',
  'networks',
  'links',
  'capAdd',
  'capDrop',
  'ulimits',
  'devices',
  'securityOpt',
  'extraHosts',
];

const RECORDS: readonly (keyof RecordedSpec)[] = ['restart', 'tmpfs', 'sysctls', 'labels'];

/**
 * We write the label ourselves, every field of a version always present; so the version vouches for the fields, and
 * a look at what is walked over keeps a label made by hand from breaking anything. Another version's fields may
 * mean something else.
 */
function isSpec(value: unknown): value is RecordedSpec {
  return (
    isRecord(value) &&
    value['version'] === 1 &&
    typeof value['image'] === 'string' &&
    LISTS.every((key) => Array.isArray(value[key])) &&
    RECORDS.every((key) => isRecord(value[key]))
  );
}

/** The containers that the record of an adoption names, by its label; none for every other container. */
export function adoptedIn(own: Readonly<Record<string, string>>): readonly Adopted[] {
  const value = own[labels.role] === 'adopted' ? parseJson(own[labels.adopted]) : null;
  const entries: unknown = isRecord(value) && value['version'] === 1 ? value['containers'] : null;
  return Array.isArray(entries) ? entries.filter(isAdopted) : [];
}

function isAdopted(value: unknown): value is Adopted {
  return (
    isRecord(value) &&
    ['id', 'application', 'container', 'instance'].every((key) => typeof value[key] === 'string') &&
    isSpec(value['spec']) &&
    typeof value['spec'].adopted === 'string'
  );
}

/** The volumes that an agent mounts, by its own label. */
export function agentVolumes(spec: string): readonly string[] {
  const value = parseJson(spec);
  const volumes: unknown = isRecord(value) ? value['volumes'] : null;
  return Array.isArray(volumes) ? volumes.filter((volume) => typeof volume === 'string') : [];
}

/** Null for what is no JSON. */
export function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? null : (JSON.parse(text) as unknown);
  } catch {
    return null;
  }
}

/** Whether a value has fields by name. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
