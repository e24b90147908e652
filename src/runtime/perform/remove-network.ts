import type { Clock } from '../clock.ts';
import type { Engine } from '../engine.ts';

/** Once more after a while: a container may just be leaving. What the engine alone can mend is no failure. */
export async function removeNetwork(
  network: string,
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
): Promise<string | null> {
  if ((await engine.removeNetwork(network)) === 'removed') return null;
  await clock.sleep(1_000);
  if ((await engine.removeNetwork(network)) === 'removed') return null;
  return `warning: no container is on it, but the engine counts one, and keeps it: \`docker network rm ${network}\` after the engine's next start`;
}
