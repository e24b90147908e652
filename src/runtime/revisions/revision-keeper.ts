import type { ObservedKept } from '../../compiler/observed/observed-state.ts';
import { labels } from '../../compiler/labels.ts';
import { imageKeeperName, revisionName } from '../../compiler/names.ts';
import { imageKeeperConfig } from '../../compiler/plan/kept-config.ts';
import {
  isSameContent,
  type RevisionContent,
  type StoredImage,
  type StoredRevision,
} from '../../compiler/revision/stored-revision.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';
import { observedKept } from '../observe.ts';
import { begunRevisions, keptRevisions } from '../../compiler/revision/kept-revisions.ts';
import { createRevision, readRevision, writeRevision } from './stored.ts';

/** What is kept of an apply. */
export interface KeepOptions {
  readonly stack: string;
  /** Without the images, which are looked up. */
  readonly stored: StoredRevision;
  /** How many earlier revisions that came to their end are kept, 0 to 100. */
  readonly keep: number;
  /** The agent's container, whose image a revision's container is made from. */
  readonly agent: string;
  /** What was kept when the plan was made. */
  readonly kept: readonly ObservedKept[];
}

/**
 * Keeps what an apply is made from, in containers that never run: from its begin on, so that it can be gone on with, and
 * once it has come to its end, so that it can be gone back to (ADR 0014). The images of kept revisions stay on the engine.
 */
export class RevisionKeeper {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #options: KeepOptions;
  #begun: { readonly container: string; readonly revision: number } | null = null;

  constructor(engine: Engine, clock: Clock, options: KeepOptions) {
    this.#engine = engine;
    this.#clock = clock;
    this.#options = options;
  }

  /** Rejects with `EngineError`. */
  async begin(revision: number): Promise<void> {
    const { stack, agent, kept } = this.#options;
    const found = await this.#engine.inspectContainer(agent);
    if (found === null) throw new EngineError('not-found', 'inspect agent', 'the agent is not there', 404);
    const container = await createRevision(this.#engine, stack, revision, found.imageId);
    await this.#write(container);
    this.#begun = { container, revision };
    // Nobody goes on with an apply that another one has followed.
    const left = begunRevisions(stack, kept).filter(({ id }) => id !== container);
    await Promise.all(left.map(({ id }) => this.#engine.removeContainer(id)));
  }

  /** Of an apply that came to its end: one of the whole file can be gone back to from now on. Rejects with `EngineError`. */
  async end(): Promise<void> {
    if (this.#begun === null) return;
    const { container, revision } = this.#begun;
    const { stack } = this.#options;
    // What was pulled is known by now.
    const content = await this.#write(container);
    // Of the rest of its file nobody knows whether it was ever applied.
    if (this.#options.stored.selection.only.length > 0) return;
    await this.#engine.renameContainer(container, revisionName(stack, revision, 'kept'));
    await this.#tidy(content);
  }

  async #write(container: string): Promise<RevisionContent> {
    const { selection, content } = this.#options.stored;
    const known = await Promise.all(
      Object.entries(content.images).map(
        async ([reference, image]) => [reference, await this.#image(reference, image)] as const,
      ),
    );
    const whole = { ...content, images: Object.fromEntries(known) };
    await writeRevision(this.#engine, container, { content: whole, selection }, this.#clock.now());
    return whole;
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

  /** Drops what is kept no longer, and keeps the images of the rest. */
  async #tidy(content: RevisionContent): Promise<void> {
    const { stack, keep } = this.#options;
    const rows = await this.#engine.listContainers([`${labels.stack}=${stack}`]);
    const kept = observedKept(rows);
    const [newest, ...older] = keptRevisions(stack, kept);
    const before = older[0] === undefined ? null : await readRevision(this.#engine, older[0].id);
    const isSame = before !== null && 'content' in before && isSameContent(before.content, content);
    const staying = [newest, ...(isSame ? older.slice(1) : older)]
      .flatMap((one) => (one === undefined ? [] : [one]))
      .slice(0, keep + 1);
    const read = await Promise.all(staying.slice(1).map(({ id }) => readRevision(this.#engine, id)));
    const contents = [content, ...read.flatMap((one) => ('content' in one ? [one.content] : []))];
    const images = new Set(
      contents.flatMap((one) => Object.values(one.images).flatMap(({ id }) => (id === null ? [] : [id]))),
    );
    const inUse = new Set(
      rows.filter((row) => row.labels[labels.role] === 'instance').map(({ imageId }) => imageId),
    );
    const lacking = [...images].filter((id) => !inUse.has(id));
    const wanted = new Set(lacking.map((id) => imageKeeperName(stack, id)));
    const there = new Set(kept.map(({ engineName }) => engineName));
    const stays = new Set(staying.map(({ id }) => id));
    const spent = kept.filter(
      ({ role, id, engineName }) =>
        (role === 'image' && !wanted.has(engineName)) || (role === 'revision' && !stays.has(id)),
    );
    for (const id of lacking) if (!there.has(imageKeeperName(stack, id))) await this.#keepImage(id);
    await Promise.all(spent.map(({ id }) => this.#engine.removeContainer(id)));
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

/** `sha256:…` of `name@sha256:…`. */
function digestOf(reference: string): string {
  return reference.slice(reference.indexOf('@') + 1);
}
