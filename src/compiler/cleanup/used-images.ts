import type { JournalRecord } from '../journal/record.ts';
import { revisionsOf } from '../journal/revisions.ts';
import { digestOf, parseImageReference } from '../spec/values/image-reference.ts';

/** An image on an engine. */
export interface EngineImage {
  /** `sha256:…`. */
  readonly id: string;
  /** `name:tag`; empty for one that has no name any more. */
  readonly tags: readonly string[];
  /** `name@sha256:…`. */
  readonly digests: readonly string[];
  /** With the layers that it shares with others. */
  readonly bytes: number;
}

/** What shows that a stack has used an image: its id, the digest under which it was pulled, its own tag, or that of an agent. */
export type ImageTrace =
  | { readonly kind: 'id'; readonly id: string; readonly reference: string | null }
  | { readonly kind: 'pulled'; readonly digest: string; readonly reference: string }
  | { readonly kind: 'built' | 'agent'; readonly tag: string };

/** The traces that a journal has: images at the begin of an apply, what was pulled, what was built, and agents that were made. */
export function journalTraces(records: readonly JournalRecord[]): readonly ImageTrace[] {
  const recorded = records.flatMap((record) =>
    record.type === 'images' ? record.images.map((image) => ({ kind: 'id' as const, ...image })) : [],
  );
  const done = revisionsOf(records).flatMap(({ steps }) =>
    steps.flatMap(({ op, result }) => (result === 'done' ? (traceOf(op) ?? []) : [])),
  );
  return [...recorded, ...done];
}

/** The revisions of which the journal does not say which images they found: an earlier version of the program wrote them. */
export function untracedRevisions(records: readonly JournalRecord[]): readonly number[] {
  const traced = new Set(records.flatMap(({ type, apply }) => (type === 'images' ? [apply] : [])));
  return records.flatMap((record) =>
    record.type === 'apply' && !traced.has(record.apply) ? [record.revision] : [],
  );
}

/** The repositories under which a stack has used an image; null where nothing shows that it has. */
export function usedAs(image: EngineImage, traces: readonly ImageTrace[]): ReadonlySet<string> | null {
  const digests = new Set(image.digests.map(digestOf));
  const own = traces.filter((trace) => {
    if (trace.kind === 'id') return trace.id === image.id;
    return trace.kind === 'pulled' ? digests.has(trace.digest) : image.tags.includes(trace.tag);
  });
  if (own.length === 0) return null;
  return new Set(
    own.flatMap((trace) => {
      const reference = 'tag' in trace ? trace.tag : trace.reference;
      return reference === null ? [] : [repositoryOf(reference)];
    }),
  );
}

/** `app` of `app:1`, and of `docker.io/library/app@sha256:…`: as the engine lists it. */
export function repositoryOf(reference: string): string {
  const parts = parseImageReference(reference);
  const name = parts.ok ? parts.value.name : reference;
  return name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
}

function traceOf(op: object): ImageTrace | null {
  const { kind, reference, digest, agent }: Readonly<Record<string, unknown>> = { ...op };
  if (kind === 'image.pull' && typeof reference === 'string' && typeof digest === 'string')
    return { kind: 'pulled', digest, reference };
  if (kind === 'image.build' && typeof reference === 'string') return { kind: 'built', tag: reference };
  if (kind !== 'agent.create' || typeof agent !== 'object' || agent === null || !('image' in agent))
    return null;
  return typeof agent.image === 'string' ? { kind: 'agent', tag: agent.image } : null;
}
