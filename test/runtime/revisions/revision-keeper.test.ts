import { describe, expect, it } from 'vitest';

import { keepOptions } from '../../../src/cli/revisions/keep-options.ts';
import type { JournalRecord } from '../../../src/compiler/journal/record.ts';
import { revisionsOf } from '../../../src/compiler/journal/revisions.ts';
import { labels } from '../../../src/compiler/labels.ts';
import { imageKeeperName } from '../../../src/compiler/names.ts';
import { bareConfig } from '../../../src/compiler/plan/instance-config.ts';
import { keptRevisions } from '../../../src/compiler/revision/kept-revisions.ts';
import type { StoredRevision } from '../../../src/compiler/revision/stored-revision.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { EngineError } from '../../../src/runtime/engine.ts';
import { observedKept } from '../../../src/runtime/observe.ts';
import { RevisionKeeper } from '../../../src/runtime/revisions/revision-keeper.ts';
import { readRevision } from '../../../src/runtime/revisions/stored.ts';
import { memoryEngine } from '../../support/memory-engine.ts';

const STACK = 'shop';
const KEEP = 1;
const DIGEST = `app@sha256:${'3'.repeat(64)}`;

/** The command was killed: nothing more of it reaches the engine. */
class Killed extends Error {}

interface Apply {
  readonly image: string;
  /** The call of the keeper, from 0, before which it is killed; absent: never. */
  readonly cutAt?: number;
  readonly only?: readonly string[];
  /** Whether its image is known by a digest alone when it begins. */
  readonly isPulled?: boolean;
  /** Whether the apply does all that it wants; default true. */
  readonly isWhole?: boolean;
}

/** Applies of a stack with one container, as far as what is kept of them goes. */
class Scene {
  readonly #journal: JournalRecord[] = [];
  #revision = 0;
  #calls = 0;
  #cutAt = Infinity;
  /** Of a call, after which the engine refuses it. */
  refuses: string | null = null;
  readonly engine = memoryEngine({
    images: { agent: {}, 'app:1': {}, 'app:2': {}, 'app:3': { digest: DIGEST.slice('app@'.length) } },
    before: ({ line }) => {
      if (this.refuses !== null && line.startsWith(this.refuses))
        throw new EngineError('server', this.refuses, 'no space left on device');
      this.#calls += 1;
      if (this.#calls > this.#cutAt) throw new Killed();
    },
  });

  /** Resolves to how many calls the keeper made. */
  async apply({
    image,
    cutAt = Infinity,
    only = [],
    isPulled = false,
    isWhole = true,
  }: Apply): Promise<number> {
    await this.#runs('shop-agent', 'agent', 'agent');
    const revision = (this.#revision += 1);
    const apply = `a${revision}`;
    const options = keepOptions(
      { stack: STACK, stored: this.#stored(image, only, isPulled), agent: 'shop-agent' },
      { isBack: false, keep: KEEP, kept: await this.kept(), revisions: revisionsOf(this.#journal) },
    );
    const keeper = new RevisionKeeper(this.engine, systemClock, options);
    const node = { id: 'shop/app0 start', group: 'shop/app0', op: {} };
    const who = { user: 'anna', host: 'here', program: '1', file: null, git: null };
    this.#journal.push(
      { type: 'apply', apply, revision, atMs: revision, command: 'apply', of: null, operations: 1, ...who },
      { type: 'plan', apply, changes: [], operations: [node] },
    );
    this.#calls = 0;
    this.#cutAt = cutAt;
    try {
      await this.#trying(keeper.begin(revision));
      this.#cutAt = Infinity;
      const before = this.#calls;
      await this.#runs('shop-app0', image, 'instance');
      const done = {
        node: node.id,
        op: 'container.start',
        container: null,
        instance: null,
        generation: null,
      };
      const result = isWhole ? 'done' : 'failed';
      const times = { atMs: revision, tookMs: 1, told: null, failure: null };
      this.#journal.push({ type: 'operation', apply, result, ...done, ...times });
      this.#calls = before;
      this.#cutAt = cutAt;
      await this.#trying(keeper.end(isWhole));
      const counts = { done: isWhole ? 1 : 0, failed: isWhole ? 0 : 1, left: 0 };
      this.#journal.push({ type: 'end', apply, atMs: revision, tookMs: 1, result, ...counts });
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    const calls = this.#calls;
    this.#cutAt = Infinity;
    return calls;
  }

  /** No deploy fails for what is kept of it. */
  async #trying(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) => {
      if (!(error instanceof EngineError)) throw error;
    });
  }

  async kept() {
    return observedKept(await this.engine.listContainers([`${labels.stack}=${STACK}`]));
  }

  async names(role: 'revision' | 'image'): Promise<readonly string[]> {
    return (await this.kept()).filter((one) => one.role === role).map(({ engineName }) => engineName);
  }

  keeperOf(image: string): string {
    return imageKeeperName(STACK, this.engine.image(image) ?? '');
  }

  /** The images of what can be gone back to, newest first; each must be read. */
  async good(): Promise<readonly string[]> {
    const good = keptRevisions(STACK, await this.kept());
    return Promise.all(
      good.map(async ({ id, engineName }) => {
        const stored = await readRevision(this.engine, id);
        if (!('content' in stored)) throw new Error(`${engineName}: ${stored.reason}`);
        return Object.keys(stored.content.images).join();
      }),
    );
  }

  #stored(image: string, only: readonly string[], isPulled: boolean): StoredRevision {
    const id = this.engine.image(image);
    const known = isPulled ? { id: null, digests: [DIGEST] } : { id, digests: [] };
    const outside = { env: {}, secrets: {}, host: null, files: {} };
    const selection = { include: [], force: [], only, allowRemoveAll: false, migrations: true };
    return {
      content: { stack: STACK, source: '{}', images: { [image]: { ...known, config: null } }, ...outside },
      selection,
    };
  }

  async #runs(name: string, image: string, role: string): Promise<void> {
    await this.engine.removeContainer(name);
    const own = { [labels.stack]: STACK, [labels.role]: role };
    await this.engine.createContainer({ ...bareConfig(name, image), labels: own });
  }
}

const CUTS = Array.from({ length: 16 }, (_, cutAt) => cutAt);

async function applied(...images: readonly string[]): Promise<Scene> {
  const scene = new Scene();
  for (const image of images) await scene.apply({ image });
  return scene;
}

describe('the keeping of a revision', () => {
  it('makes fewer calls than are cut here, and some', async () => {
    const scene = await applied('app:1', 'app:2');
    const calls = await scene.apply({ image: 'app:3' });
    expect(calls).toBeGreaterThan(8);
    expect(calls).toBeLessThan(CUTS.length);
  });

  it.each(CUTS)('cut off at call %i: something to go back to is left', async (cutAt) => {
    const scene = await applied('app:1', 'app:2');
    await scene.apply({ image: 'app:3', cutAt });
    expect(await scene.good()).toContain('app:2');
  });

  it.each(CUTS)(
    'cut off at call %i: the next apply leaves nothing over, and loses nothing',
    async (cutAt) => {
      const scene = await applied('app:1', 'app:2');
      await scene.apply({ image: 'app:3', cutAt });
      await scene.apply({ image: 'app:3' });
      expect(await scene.good()).toEqual(['app:3', 'app:2']);
      expect(await scene.names('revision')).toHaveLength(2);
      expect(await scene.names('image')).toEqual([scene.keeperOf('app:2')]);
    },
  );

  it.each(CUTS)('cut off at call %i, and once more: the one after tidies up', async (cutAt) => {
    const scene = await applied('app:1', 'app:2');
    await scene.apply({ image: 'app:3', cutAt });
    await scene.apply({ image: 'app:3', cutAt: cutAt >> 1 });
    await scene.apply({ image: 'app:1' });
    const good = await scene.good();
    expect(good[0]).toBe('app:1');
    expect(good).toHaveLength(KEEP + 1);
    expect(await scene.names('revision')).toHaveLength(good.length);
    const images = good.slice(1).map((image) => scene.keeperOf(image));
    expect(await scene.names('image')).toEqual(images);
  });

  it.each(CUTS)('cut off at call %i, and the next one fails: nothing is lost', async (cutAt) => {
    const scene = await applied('app:1', 'app:2');
    await scene.apply({ image: 'app:3', cutAt });
    await scene.apply({ image: 'app:3', isWhole: false });
    expect(await scene.good()).toContain('app:2');
    expect(await scene.names('image')).toContain(scene.keeperOf('app:2'));
    expect((await scene.names('revision')).filter((name) => name.endsWith('.begun'))).toEqual([
      'shop.revision.4.begun',
    ]);
  });
});

it.each(CUTS)('an image that was pulled is kept, too, cut off at call %i', async (cutAt) => {
  const scene = await applied('app:1', 'app:2');
  await scene.apply({ image: 'app:3', isPulled: true, cutAt });
  await scene.apply({ image: 'app:1' });
  const [, before = ''] = await scene.good();
  expect(await scene.names('image')).toEqual([scene.keeperOf(before)]);
});

describe('what counts as no revision', () => {
  it('goes with the next apply: one of a part of the file', async () => {
    const scene = await applied('app:1');
    await scene.apply({ image: 'app:2', only: ['app'] });
    await scene.apply({ image: 'app:2', only: ['app'] });
    expect(await scene.names('revision')).toEqual(['shop.revision.1', 'shop.revision.3.begun']);
    await scene.apply({ image: 'app:3' });
    expect(await scene.names('revision')).toEqual(['shop.revision.1', 'shop.revision.4']);
  });

  it('goes with the next apply: one that could not be written', async () => {
    const scene = await applied('app:1');
    scene.refuses = 'putFiles';
    await scene.apply({ image: 'app:2' });
    scene.refuses = null;
    await scene.apply({ image: 'app:3' });
    expect(await scene.good()).toEqual(['app:3', 'app:1']);
    expect(await scene.names('revision')).toHaveLength(2);
  });
});
