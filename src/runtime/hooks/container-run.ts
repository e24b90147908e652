import type { DesiredContainer } from '../../compiler/desired/desired-state.ts';
import { networksOfRun } from '../../compiler/desired/found.ts';
import type { Clock } from '../clock.ts';
import { EngineError, type Engine } from '../engine.ts';
import { createContainer } from '../files/place-files.ts';
import { freshRun } from '../fresh-run.ts';
import { GRACE_S, type Running } from './running.ts';

/** What a run is made from. */
export interface RunSource {
  readonly stack: string;
  readonly container: DesiredContainer;
  /** Of the image, `sha256:…`. */
  readonly imageId: string;
  readonly command: readonly string[];
  readonly shown: readonly string[];
  /** Beside those of the container. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Starts a run of a container, as `stack run` does: its environment, mounts and networks, no ports. It is removed afterwards. */
export async function startRun(
  { stack, container, imageId, command, shown, variables }: RunSource,
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
): Promise<Running> {
  const { template } = container;
  const how = { command, shown, imageId, tty: false, openStdin: false };
  const config = freshRun(stack, container, template, how);
  const env = [...config.env, ...Object.entries(variables).map(([key, value]) => `${key}=${value}`)];
  const id = await createContainer(engine, { ...config, env }, clock);
  const over = new AbortController();
  const release = async () => {
    over.abort();
    // What cannot be removed is no affair of the hook; the next apply removes it.
    await engine.removeContainer(id, { volumes: true }).catch(demandEngineError);
  };
  try {
    for (const network of networksOfRun(template)) await engine.connectNetwork(network, id, []);
    // Asked before the start, so that an end at once is not missed.
    const exit = engine
      .waitContainer(id, over.signal)
      .then((code) => (code === 0 ? null : `exited with code ${code}`));
    exit.catch(() => undefined);
    await engine.startContainer(id);
    const follow = { tail: null, follow: true, timestamps: false, signal: over.signal };
    return {
      exit,
      output: engine.logs(id, follow),
      end: async () => void (await engine.stopContainer(id, GRACE_S)),
      kill: () => void engine.killContainer(id, 'SIGKILL').catch(demandEngineError),
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** It has ended by itself meanwhile, or the engine is away: nothing to be done here. */
function demandEngineError(error: unknown): void {
  if (!(error instanceof EngineError)) throw error;
}
