import { labels } from '../../compiler/labels.ts';
import { journalVolume } from '../../compiler/names.ts';
import type { AgentSpec } from '../../compiler/plan/agent-spec.ts';
import { agentConfig } from '../../compiler/plan/instance-config.ts';
import type { Engine } from '../engine.ts';

/** One that lacks a network would pass for whole by its label; it goes. */
export async function createAgent(engine: Engine, stack: string, spec: AgentSpec): Promise<void> {
  // The engine would make it by itself, without the labels that make it ours.
  await engine.createVolume(journalVolume(stack), { [labels.stack]: stack, [labels.role]: 'journal' });
  const id = await engine.createContainer(agentConfig(stack, spec));
  try {
    for (const network of spec.networks.slice(1)) await engine.connectNetwork(network, id, []);
  } catch (error) {
    // What failed first is what counts; should this fail too, the next plan sees the missing network.
    await engine.removeContainer(id).catch(() => {});
    throw error;
  }
}
