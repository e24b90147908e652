import { canonicalJson } from '../desired/canonical-json.ts';
import { isFields } from '../journal/field-kinds.ts';
import type { RevisionContent } from './stored-revision.ts';

/** What tells two revisions apart besides images, which tell of themselves. */
type Settings = Pick<RevisionContent, 'source' | 'env' | 'secrets' | 'files'>;

/**
 * Where one revision says something else than another, by places: `deploy.web.containers.app.scale.max`, `secret KEY`, `variable
 * NAME`, `file NAME`. Values are not among it. Null where one of them is no JSON.
 */
export function differences(one: Settings, other: Settings): readonly string[] | null {
  try {
    const [before, after]: readonly unknown[] = [JSON.parse(one.source), JSON.parse(other.source)];
    return [
      ...places(before, after, []),
      ...names(one.secrets, other.secrets).map((name) => `secret ${name}`),
      ...names(one.env, other.env).map((name) => `variable ${name}`),
      ...names(one.files, other.files).map((name) => `file ${name}`),
    ];
  } catch {
    return null;
  }
}

function places(before: unknown, after: unknown, at: readonly string[]): readonly string[] {
  const [one, other] = [fieldsOf(before), fieldsOf(after)];
  if (one === null || other === null)
    return canonicalJson(before ?? null) === canonicalJson(after ?? null) ? [] : [at.join('.')];
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].flatMap((key) =>
    places(own(one, key), own(other, key), [...at, key]),
  );
}

/** An object, or a list of objects with one key each, as containers and data volumes are listed; null for all else. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const entries = items.map((item) => (isFields(item) ? Object.entries(item) : []));
    if (entries.length === 0 || entries.some((each) => each.length !== 1)) return null;
    return Object.fromEntries(entries.flat());
  }
  return isFields(value) ? value : null;
}

function own(fields: Readonly<Record<string, unknown>>, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function names(
  one: Readonly<Record<string, string>>,
  other: Readonly<Record<string, string>>,
): readonly string[] {
  const all = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...all].filter((name) => own(one, name) !== own(other, name)).sort();
}
