import type { AgentSpec } from '../plan/agent-spec.ts';

/** What an agent was made from, by its label; null for one that another version wrote otherwise. */
export function agentParts(
  label: string,
): Pick<AgentSpec, 'image' | 'volumes' | 'networks' | 'metrics' | 'engineSocket'> | null {
  try {
    const found: Partial<AgentSpec> | null = JSON.parse(label);
    const { image, volumes, networks, metrics, engineSocket } = found ?? {};
    if (typeof image !== 'string' || !Array.isArray(volumes) || !Array.isArray(networks)) return null;
    return {
      image,
      volumes,
      networks,
      ...(metrics === undefined ? {} : { metrics }),
      ...(typeof engineSocket === 'string' ? { engineSocket } : {}),
    };
  } catch {
    return null;
  }
}
