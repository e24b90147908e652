import type { MachineFacts } from '../../compiler/setup/machine-facts.ts';
import { readFacts } from '../../compiler/setup/read-facts.ts';
import { lookScript } from './look-script.ts';
import type { RemoteShell } from './remote-shell.ts';

/** A slow machine whose disk is busy. */
const LIMIT_MS = 120_000;

/** The machine as it is; the last lines that it said where it did not tell. Rejects with `SshEnded`. */
export async function lookAtMachine(
  shell: RemoteShell,
  agentImage: string,
): Promise<MachineFacts | readonly string[]> {
  const script = lookScript(agentImage);
  const { stdout, lines } = await shell.run({ script, sudo: false, limitMs: LIMIT_MS }, () => undefined);
  return readFacts(stdout) ?? lines.slice(-3);
}
