import type { Engine } from '../engine.ts';
import { listOf } from './container-answers.ts';
import type { EngineLimits } from './engine-limits.ts';
import { unlessStatus } from './tolerance.ts';
import type { Transport } from './transport.ts';

type VolumeCalls = Pick<Engine, 'listVolumes' | 'createVolume' | 'removeVolume'>;

/** The calls about volumes. */
export function volumeCalls(transport: Transport, { readMs, changeMs }: EngineLimits): VolumeCalls {
  return {
    listVolumes: (labels) =>
      transport.ask('list volumes', readMs, async (docker) => {
        const answer = await docker.listVolumes({ filters: { label: [...labels] } });
        const rows = listOf(answer.Volumes).map((row) => ({ name: row.Name, labels: row.Labels ?? {} }));
        return rows.sort((a, b) => (a.name < b.name ? -1 : 1));
      }),

    createVolume: (name, labels) =>
      transport.ask(`create volume ${name}`, changeMs, async (docker) => {
        await docker.createVolume({ _query: {}, _body: { Name: name, Labels: labels } });
      }),

    removeVolume: (name) =>
      transport
        .ask<void>(`remove volume ${name}`, changeMs, (docker) =>
          docker.getVolume(encodeURIComponent(name)).remove(),
        )
        .catch(unlessStatus([404], undefined)),
  };
}
