import { randomBytes } from 'node:crypto';

import { errandConfig } from '../../compiler/plan/errand-config.ts';
import type { Clock } from '../clock.ts';
import { elapsed } from '../elapsed.ts';
import { EngineError, type Engine } from '../engine.ts';
import { lines } from '../log-lines.ts';
import { ownMark } from '../run-owner.ts';

/** How long a container that has next to nothing to do may take, on a machine that is very busy. */
const LIMIT_MS = 30_000;

/** Who sends somebody. */
export interface Sender {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly stack: string;
  /** The agent's. */
  readonly image: string;
}

/** The packet filter of a network could not be changed. */
export class ErrandError extends Error {
  override readonly name = 'ErrandError';
}

/**
 * Tells the kernel's packet filter `rules` in a network, from a container that ends then and goes. Rejects with
 * {@link ErrandError} where it takes none, in nft's own words.
 */
export async function sendErrand(
  network: string,
  rules: string,
  { engine, clock, stack, image }: Sender,
): Promise<void> {
  const name = `${stack}-agent.run.${randomBytes(4).toString('hex')}`;
  const id = await engine.createContainer(
    errandConfig(stack, { name, image, network, rules, owner: ownMark() }),
  );
  const over = new AbortController();
  try {
    // Asked before the start, so that an end at once is not missed.
    const exit = engine.waitContainer(id, over.signal);
    exit.catch(() => {});
    await engine.startContainer(id);
    const late = clock.sleep(LIMIT_MS, over.signal).then(() => 'late' as const);
    late.catch(() => {});
    const code = await Promise.race([exit, late]);
    if (code === 'late') throw new ErrandError(`\`nft\` did not end within ${elapsed(LIMIT_MS)}`);
    if (code !== 0) throw new ErrandError(`\`nft\` exited with code ${code}${await wordsOf(engine, id)}`);
  } catch (error) {
    // The engine's words for a program that its image does not have.
    if (error instanceof EngineError && /executable file not found/.test(error.message))
      throw new ErrandError('the image of the agent has no `nft`');
    throw error;
  } finally {
    over.abort();
    // What cannot be removed has done its work; the next apply removes it.
    await engine.removeContainer(id, { volumes: true }).catch(demandEngineError);
  }
}

async function wordsOf(engine: Engine, id: string): Promise<string> {
  const said: string[] = [];
  try {
    const signal = AbortSignal.timeout(5_000);
    for await (const line of lines(engine.logs(id, { tail: 3, follow: false, timestamps: false, signal })))
      said.push(line.trim());
  } catch {
    // Its words are a help; that they cannot be had is not what failed.
  }
  return said.length === 0 ? '' : `: ${said.join(' ')}`;
}

function demandEngineError(error: unknown): void {
  if (!(error instanceof EngineError)) throw error;
}
