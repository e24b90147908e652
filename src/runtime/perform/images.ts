import type { DesiredContainer } from '../../compiler/desired/desired-state.ts';
import type { Operation } from '../../compiler/plan/operation.ts';
import { EngineError, type ImageDetails } from '../engine.ts';
import type { ExecuteOptions } from '../execute-options.ts';

type Source = Pick<ExecuteOptions, 'engine' | 'auth'>;
type BuildOptions = Pick<ExecuteOptions, 'clock' | 'desired' | 'builds' | 'finish' | 'stop'>;

/** The images of one plan, by the references that it has pulled or built: everything is made from the same one. */
export class Images {
  readonly #source: Source;
  readonly #pulled = new Map<string, string>();

  constructor(source: Source) {
    this.#source = source;
  }

  /** A pull brings what the tag means by now; the plan speaks of what it meant then. */
  async pull(
    { reference, digest, by = reference, platform }: Extract<Operation, { kind: 'image.pull' }>,
    onProgress: (line: string) => void,
  ): Promise<null> {
    const { engine, auth } = this.#source;
    await engine.pullImage(by, platform, await auth(by), onProgress);
    const { id, repoDigests } = await this.#inspect(by);
    if (digest !== null && !repoDigests.some((known) => known.endsWith(`@${digest}`))) {
      const planned = digest.replace(/^(sha256:.{12}).*$/, '$1');
      const message = `the tag \`${reference}\` moved between plan and pull: the plan is for ${planned}; plan again`;
      throw new EngineError('conflict', `pull ${reference}`, message);
    }
    this.#pulled.set(reference, id);
    return null;
  }

  /** By the operator's own docker, whatever it says told line by line. */
  async build(
    { reference }: Extract<Operation, { kind: 'image.build' }>,
    { desired, builds, clock, finish, stop }: BuildOptions,
    onOutput: (line: string) => void,
  ): Promise<null> {
    const { engine } = this.#source;
    const built = desired?.containers.find(({ image }) => image.reference === reference)?.image.build;
    if (built === undefined || builds === undefined)
      throw new Error(`nobody knows how to build \`${reference}\``);
    const { buildImage } = await import('../build/build-image.ts');
    const id = await buildImage(reference, built, builds, { engine, clock, onOutput, finish, stop });
    this.#pulled.set(reference, id);
    return null;
  }

  /** To the registry of its name. */
  async push(
    { reference }: Extract<Operation, { kind: 'image.push' }>,
    onProgress: (line: string) => void,
  ): Promise<null> {
    const { engine, auth } = this.#source;
    await engine.pushImage(reference, await auth(reference), onProgress);
    return null;
  }

  /** Known at planning, or since the pull or the build. */
  async idOf({ image }: DesiredContainer): Promise<string> {
    return image.id ?? this.#pulled.get(image.reference) ?? (await this.#inspect(image.reference)).id;
  }

  /** The same; one that no operation has pulled, and the engine has not, is pulled now. */
  async obtain(container: DesiredContainer): Promise<string> {
    const { image, template } = container;
    const { engine, auth } = this.#source;
    const isKnown = image.id !== null || this.#pulled.has(image.reference);
    const isThere = isKnown || (await engine.inspectImage(image.reference)) !== null;
    if (!isThere && image.build?.builds === true)
      throw new EngineError('not-found', 'inspect image', `${image.reference} is not built yet`, 404);
    if (!isThere)
      await engine.pullImage(
        image.reference,
        template.spec.platform,
        await auth(image.reference),
        () => undefined,
      );
    return this.idOf(container);
  }

  async #inspect(reference: string): Promise<ImageDetails> {
    const found = await this.#source.engine.inspectImage(reference);
    if (found !== null) return found;
    throw new EngineError('not-found', 'inspect image', `the engine has no image ${reference}`, 404);
  }
}
