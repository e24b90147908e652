import { withAdopted } from '../adopt/with-adopted.ts';
import { labels } from '../../compiler/labels.ts';
import { imageKeeperName, revisionName } from '../../compiler/names.ts';
import { imageKeeperConfig, REVISION_FILE, WHOLE_FILE } from '../../compiler/plan/kept-config.ts';
import {
  encodeStoredRevision,
  isOfWholeFile,
  isSameContent,
  type NoStoredRevision,
  type StoredImage,
  type StoredRevision,
} from '../../compiler/revision/stored-revision.ts';
import { digestOf } from '../../compiler/spec/values/image-reference.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';
import { observedKept, phaseOf } from '../observe.ts';
import { keptRevisions, type KeptRevision } from '../../compiler/revision/kept-revisions.ts';
import { createRevision, readRevision, writeRevision } from './stored.ts';

/** What an image needs no keeper beside. */
const HOLDING: ReadonlySet<string> = new Set(['instance', 'template']);

/** What is kept of an apply. */
export interface KeepOptions {
  readonly stack: string;
  /** Without the images, which are looked up. */
  readonly stored: StoredRevision;
  /** How many earlier revisions that came to their end are kept, 0 to 100. */
  readonly keep: number;
  /** The agent's container, whose image a revision's container is made from. */
  readonly agent: string;
  /** Revisions that can be gone back to. */
  readonly good: readonly KeptRevision[];
  /** Revisions that were begun before, and came to their end without being named so. */
  readonly whole: readonly KeptRevision[];
  /** Revisions that were begun before, and did not come to their end. */
  readonly begun: readonly KeptRevision[];
}

/**
 * Keeps what an apply is made from, in containers that never run: from its begin on, so that it can be gone on with, and
 * once it has come to its end, so that it can be gone back to (ADR 0014). The images of kept revisions stay on the engine.
 */
export class RevisionKeeper {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #options: KeepOptions;
  #begun: { readonly container: string; readonly revision: number; readonly stored: StoredRevision } | null =
    null;
  /** What the kept ones were made from, read while the apply is under way; null: it could not be read. */
  readonly #read = new Map<string, Promise<StoredRevision | NoStoredRevision | null>>();

  constructor(engine: Engine, clock: Clock, options: KeepOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#options = options;
  }

  /** Rejects with `EngineError`. */
  async begin(revision: number): Promise<void> {
    const { whole, begun, good } = this.#options;
    const [container, stored] = await Promise.all([
      this.#create(revision),
      this.#lookedUp(this.#options.stored),
    ]);
    await this.#write(container, REVISION_FILE, stored);
    this.#begun = { container, revision, stored };
    await Promise.all(whole.map((one) => this.#sealLate(one)));
    // Nobody goes on with an apply that another one has followed.
    await Promise.all(begun.map(({ id }) => this.#remove(id)));
    for (const { id } of good)
      this.#read.set(
        id,
        readRevision(this.#engine, id).catch(() => null),
      );
  }

  async #create(revision: number): Promise<string> {
    const { stack, agent } = this.#options;
    const found = await this.#engine.inspectContainer(agent);
    if (found === null) throw new EngineError('not-found', 'inspect agent', 'the agent is not there', 404);
    return createRevision(this.#engine, stack, revision, found.imageId);
  }

  /** What can never be gone back to, goes. */
  async #sealLate({ id, revision }: KeptRevision): Promise<void> {
    const stored = await readRevision(this.#engine, id);
    if ('content' in stored ? !isOfWholeFile(stored) : stored.isDamaged) return this.#remove(id);
    if ('content' in stored) await this.#write(id, WHOLE_FILE, await this.#lookedUp(stored));
    await this.#seal(id, revision);
  }

  async #seal(container: string, revision: number): Promise<void> {
    await this.#engine.renameContainer(container, revisionName(this.#options.stack, revision, 'kept'));
  }

  /** With the volumes that an image wants: they were made with the container, and nothing is in them. */
  async #remove(container: string): Promise<void> {
    await this.#engine.removeContainer(container, { volumes: true });
  }

  /**
   * At the end of an apply; one that has done all, of the whole file, can be gone back to from now on. Whatever came of it,
   * the images of what can be gone back to are kept. Rejects with `EngineError`.
   */
  async end(isWhole: boolean): Promise<void> {
    if (this.#begun === null) return;
    const { container, revision, stored } = this.#begun;
    let sealed: StoredRevision | null = null;
    if (isWhole && isOfWholeFile(stored)) {
      // What was pulled is known by now.
      sealed = await this.#lookedUp(this.#options.stored);
      if (encodeStoredRevision(sealed) !== encodeStoredRevision(stored))
        await this.#write(container, WHOLE_FILE, sealed);
      await this.#seal(container, revision);
    }
    await this.#tidy(container, sealed);
  }

  /** With the images that are known by now. */
  async #lookedUp({ selection, content }: StoredRevision): Promise<StoredRevision> {
    const known = await Promise.all(
      Object.entries(content.images).map(
        async ([reference, image]) => [reference, await this.#image(reference, image)] as const,
      ),
    );
    return { content: { ...content, images: Object.fromEntries(known) }, selection };
  }

  async #write(container: string, path: string, stored: StoredRevision): Promise<void> {
    await writeRevision(this.#engine, { container, path, clock: this.#clock }, stored);
  }

  async #image(reference: string, image: StoredImage): Promise<StoredImage> {
    const found = await this.#engine.inspectImage(image.id ?? reference);
    // Still to be pulled: what is there under that name is the one before.
    const digests = new Set(image.digests.map(digestOf));
    if (found === null) return image;
    if (image.id === null && digests.size > 0 && !found.repoDigests.some((one) => digests.has(digestOf(one))))
      return image;
    return { id: found.id, digests: [...found.repoDigests].sort(), config: found.config };
  }

  /** Keeps the images of what can be gone back to; where there is a new one of that, drops what is kept no longer. */
  async #tidy(container: string, sealed: StoredRevision | null): Promise<void> {
    const isSealed = sealed !== null;
    const { stack, keep } = this.#options;
    const rows = await withAdopted(
      this.#engine,
      await this.#engine.listContainers([`${labels.stack}=${stack}`]),
    );
    const kept = observedKept(rows);
    const good = keptRevisions(stack, kept);
    const read = await Promise.all(
      good.map(async ({ id }) =>
        id === container && sealed !== null
          ? sealed
          : ((await this.#read.get(id)) ?? readRevision(this.#engine, id)),
      ),
    );
    const contentOf = (at: number) => {
      const found = read[at];
      return found !== undefined && 'content' in found ? found.content : null;
    };
    const [newest, before] = [contentOf(0), contentOf(1)];
    const isSame = newest !== null && before !== null && isSameContent(newest, before);
    const staying = new Set(
      good
        .flatMap((_, at) => (isSealed && isSame && at === 1 ? [] : [at]))
        .slice(0, isSealed ? keep + 1 : undefined),
    );
    const contents = [...staying].map(contentOf);
    const images = new Set(
      contents.flatMap((one) =>
        Object.values(one?.images ?? {}).flatMap(({ id }) => (id === null ? [] : [id])),
      ),
    );
    const current = rows.filter(
      ({ name, labels: own }) =>
        HOLDING.has(own[labels.role] ?? '') && phaseOf(name.replace(/^\//, '')) === 'current',
    );
    const inUse = new Set(current.map(({ imageId }) => imageId));
    const lacking = [...images].filter((id) => !inUse.has(id));
    const there = new Set(kept.map(({ engineName }) => engineName));
    for (const id of lacking) if (!there.has(imageKeeperName(stack, id))) await this.#keepImage(id);
    if (!isSealed) return;
    const wanted = new Set(lacking.map((id) => imageKeeperName(stack, id)));
    // Of one that cannot be read, nobody knows which images it has.
    const isReadable = contents.every((one) => one !== null);
    const spent = [
      ...good.filter((_, at) => !staying.has(at)),
      ...kept.filter(({ role, engineName }) => role === 'image' && isReadable && !wanted.has(engineName)),
    ];
    await Promise.all(spent.map(({ id }) => this.#remove(id)));
  }

  /** One that is gone cannot be kept: whoever goes back to its revision hears so. */
  async #keepImage(id: string): Promise<void> {
    try {
      await this.#engine.createContainer(imageKeeperConfig(this.#options.stack, id));
    } catch (error) {
      if (!(error instanceof EngineError) || (error.kind !== 'not-found' && error.kind !== 'conflict'))
        throw error;
    }
  }
}
