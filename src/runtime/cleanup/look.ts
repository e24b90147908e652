import type { CleanupScene, WantedImages } from '../../compiler/cleanup/cleanup-scene.ts';
import { journalTraces } from '../../compiler/cleanup/used-images.ts';
import type { JournalRecord } from '../../compiler/journal/record.ts';
import type { ObservedState } from '../../compiler/observed/observed-state.ts';
import type { RevisionContent } from '../../compiler/revision/stored-revision.ts';
import type { Engine } from '../engine.ts';
import { mapAtMost } from '../map-at-most.ts';
import { observedKept } from '../observe.ts';
import { agentVolumes } from '../parse-spec.ts';
import { readRevision } from '../revisions/stored.ts';

/** So many images are looked up at once. */
const IMAGES = 8;

/** What is known of a stack before its engine is looked at for a cleanup. */
export interface CleanupQuestion {
  readonly stack: string;
  readonly observed: ObservedState;
  readonly records: readonly JournalRecord[];
  /** Images that stay, as the stack file names them, and the tag of this version's agent. */
  readonly references: readonly string[];
  /** The stack's agent, as its label describes it. */
  readonly agent: string;
  /** The last apply did not fail, and nobody tries it again. */
  readonly isOver: boolean;
}

/** Looks at all that a cleanup is planned by. Rejects with `EngineError`. */
export async function lookForCleanup(
  engine: Engine,
  { stack, observed, records, references, agent, isOver }: CleanupQuestion,
): Promise<CleanupScene> {
  const [containers, images, named, kept] = await Promise.all([
    engine.listContainers([]),
    engine.listImages(),
    idsOf(engine, references),
    keptImages(engine, observed),
  ]);
  // Another stack that is about to make containers of an image has written that down first.
  const own = new Set(observed.kept.map(({ id }) => id));
  const others = observedKept(containers).filter(({ id }) => !own.has(id));
  const elsewhere = await keptImages(engine, { kept: others });
  return {
    stack,
    observed,
    containers,
    images,
    traces: journalTraces(records),
    wanted: { named, kept: new Set([...kept.kept, ...elsewhere.kept]), unreadable: kept.unreadable },
    isOver,
    reach: new Set(agentVolumes(agent)),
  };
}

/** The images of revisions that can be gone back to, and of those that were begun, which `stack resume` makes again. */
async function keptImages(
  engine: Engine,
  { kept }: Pick<ObservedState, 'kept'>,
): Promise<Pick<WantedImages, 'kept' | 'unreadable'>> {
  const revisions = kept.filter(({ role }) => role === 'revision');
  const read = await Promise.all(
    revisions.map(async ({ id, revision }) => ({ revision, stored: await readRevision(engine, id) })),
  );
  const contents = read.flatMap(({ stored }) => ('content' in stored ? [stored.content] : []));
  const known = contents.flatMap(({ images }) => Object.values(images).flatMap(({ id }) => id ?? []));
  return {
    kept: new Set([...known, ...(await idsOf(engine, contents.flatMap(openNames)))]),
    unreadable: read.flatMap(({ revision, stored }) =>
      'content' in stored || revision === null ? [] : [revision],
    ),
  };
}

/** Of images whose id nobody knew then: that of the digest, else whatever has the name now. */
function openNames({ images }: RevisionContent): readonly string[] {
  return Object.entries(images).flatMap(([reference, { id, digests }]) => {
    if (id !== null) return [];
    return digests.length > 0 ? digests : [reference];
  });
}

async function idsOf(engine: Engine, references: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await mapAtMost(IMAGES, [...new Set(references)], (one) => engine.inspectImage(one));
  return new Set(found.flatMap((image) => image?.id ?? []));
}
