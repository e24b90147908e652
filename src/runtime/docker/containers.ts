import { setTimeout as sleep } from 'node:timers/promises';

import { EngineError, type ContainerDetails, type Engine } from '../engine.ts';
import { detailsOf, listOf, summaryOf } from './container-answers.ts';
import type { HttpAnswer } from './answer-reader.ts';
import { cloneRequest } from './clone-container.ts';
import { createRequest } from './container-request.ts';
import { setupOf } from './container-setup.ts';
import type { EngineLimits } from './engine-limits.ts';
import { conceal } from './engine-errors.ts';
import { pathFacts } from './path-facts.ts';
import { readFiles } from './read-files.ts';
import { unlessStatus, unlessText } from './tolerance.ts';
import type { Transport } from './transport.ts';
import { isNotMeasured, usageOf } from './usage.ts';
import { waitForExit } from './wait.ts';

type ContainerCalls = Pick<
  Engine,
  | 'listContainers'
  | 'containerBytes'
  | 'usage'
  | 'volumeProcesses'
  | 'processes'
  | 'inspectContainer'
  | 'containerSetup'
  | 'findContainer'
  | 'statPath'
  | 'readFiles'
  | 'createContainer'
  | 'cloneContainer'
  | 'startContainer'
  | 'stopContainer'
  | 'killContainer'
  | 'unpauseContainer'
  | 'removeContainer'
  | 'renameContainer'
  | 'updateRestart'
  | 'waitContainer'
>;

/** The calls about containers. */
export function containerCalls(transport: Transport, { readMs, changeMs }: EngineLimits): ContainerCalls {
  const inspectContainer = (id: string): Promise<ContainerDetails | null> =>
    transport
      .ask(`inspect container ${id}`, readMs, async (docker) =>
        detailsOf(await docker.getContainer(part(id)).inspect()),
      )
      .catch(unlessStatus([404], null));

  return {
    listContainers: (labels) =>
      transport.ask('list containers', readMs, async (docker) => {
        const rows = await docker.listContainers({ all: true, filters: { label: [...labels] } });
        return listOf(rows).map(summaryOf);
      }),

    async containerBytes(ids) {
      if (ids.length === 0) return new Map();
      const rows = await transport.ask('measure containers', changeMs, async (docker) =>
        listOf(await docker.listContainers({ all: true, size: true, filters: { id: [...ids] } })),
      );
      return new Map(rows.map((row) => [row.Id, bytesOf(row)]));
    },

    usage: (id) =>
      transport
        .ask(`measure container ${id}`, readMs, async (docker) =>
          usageOf(await docker.getContainer(part(id)).stats({ stream: false, 'one-shot': true })),
        )
        .catch((error: unknown) => {
          if (isNotMeasured(error)) return null;
          throw error;
        }),

    async volumeProcesses(volume) {
      const rows = await transport.ask(`list containers of volume ${volume}`, readMs, async (docker) =>
        listOf(await docker.listContainers({ filters: { volume: [volume] } })),
      );
      const found = await Promise.all(rows.map((row) => inspectContainer(row.Id)));
      return found
        .flatMap((details) => (details === null || details.pid === 0 ? [] : [details.pid]))
        .sort((a, b) => a - b);
    },

    processes: (id) =>
      transport
        .ask(`list processes of ${id}`, readMs, async (docker) => {
          // The engine finds the container's own by their ids.
          const { Processes: rows }: { readonly Processes?: readonly (readonly string[])[] } = await docker
            .getContainer(part(id))
            .top({ ps_args: '-eo pid,args' });
          return (rows ?? []).map((row) => ({ pid: Number(row[0]), title: row.at(-1) ?? '' }));
        })
        .catch(unlessStatus([404, 409], [])),

    inspectContainer,

    containerSetup: (id) =>
      transport
        .ask(`inspect container ${id}`, readMs, async (docker) =>
          setupOf(await docker.getContainer(part(id)).inspect()),
        )
        .catch(unlessStatus([404], null)),

    async findContainer(name) {
      // An inspect takes the beginning of an id for a name; the filter is a pattern for names alone.
      const pattern = `^/${name.replace(/[^\w-]/g, '\\$&')}$`;
      const rows = await transport.ask(`find container ${name}`, readMs, async (docker) =>
        listOf(await docker.listContainers({ all: true, filters: { name: [pattern] } })).map(summaryOf),
      );
      const found = rows.find((row) => row.name === name);
      return found === undefined ? null : inspectContainer(found.id);
    },

    statPath: (id, path, limitMs) =>
      transport
        .greet(`look at ${path} in ${id}`, limitMs, async (docker) => {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a greeting is answered with the answer itself
          const answer = (await docker.getContainer(part(id)).infoArchive({ path })) as unknown as HttpAnswer;
          return pathFacts(answer);
        })
        .catch(unlessStatus([404], null)),

    readFiles: (id, path, limitMs) => readFiles(transport, { id, path, limitMs }),

    async createContainer(config) {
      const request = createRequest(config);
      try {
        return await transport.ask(`create container ${config.name}`, changeMs, async (docker) => {
          return (await docker.createContainer({ ...request })).id;
        });
      } catch (error) {
        const values = config.env.map((pair) => pair.slice(pair.indexOf('=') + 1));
        throw error instanceof EngineError ? conceal(error, values) : error;
      }
    },

    async cloneContainer(id, clone) {
      const operation = `create container ${clone.name}`;
      const row = await transport.ask(operation, readMs, (docker) => docker.getContainer(part(id)).inspect());
      const { create, joins, env } = cloneRequest(row, clone);
      try {
        const made = await transport.ask(operation, changeMs, async (docker) => {
          return (await docker.createContainer({ ...create })).id;
        });
        for (const [network, EndpointConfig] of joins) {
          await transport.ask<void>(`connect ${clone.name} to ${network}`, changeMs, (docker) =>
            docker.getNetwork(part(network)).connect({ Container: made, EndpointConfig }),
          );
        }
        return made;
      } catch (error) {
        const values = env.map((pair) => pair.slice(pair.indexOf('=') + 1));
        throw error instanceof EngineError ? conceal(error, values) : error;
      }
    },

    startContainer: (id) =>
      transport
        .ask<void>(`start container ${id}`, changeMs, (docker) => docker.getContainer(part(id)).start())
        .then(() => true)
        .catch(unlessStatus([304], false)),

    stopContainer(id, timeoutS) {
      const options = { _query: timeoutS === null ? {} : { t: timeoutS }, _body: {} };
      // How long a container's own stop timeout is, nobody has told: the engine ends the call when it is over.
      const limitMs = timeoutS === null ? null : timeoutS * 1000 + changeMs;
      return transport
        .ask<void>(`stop container ${id}`, limitMs, (docker) => docker.getContainer(part(id)).stop(options))
        .then(() => true)
        .catch(unlessStatus([304, 404], false));
    },

    killContainer: (id, signal) =>
      transport.ask(`signal container ${id}`, changeMs, (docker) => {
        return docker.getContainer(part(id)).kill({ _query: { signal }, _body: {} });
      }),

    unpauseContainer: (id) =>
      transport.ask(`unpause container ${id}`, changeMs, (docker) => docker.getContainer(part(id)).unpause()),

    async removeContainer(id, options = {}) {
      const force = options.force !== false;
      const query = { force, v: options.volumes === true };
      try {
        await transport.ask<void>(`remove container ${id}`, changeMs, (docker) =>
          docker.getContainer(part(id)).remove(query),
        );
      } catch (error) {
        if (!(error instanceof EngineError) || (error.status !== 404 && error.status !== 409)) throw error;
        if (error.status === 409 && !force) throw error;
        if (error.status === 409) await untilGone(id, inspectContainer, changeMs, error);
      }
    },

    renameContainer: (id, name) =>
      transport
        .ask<void>(`rename container ${id} to ${name}`, changeMs, (docker) =>
          docker.getContainer(part(id)).rename({ _query: { name }, _body: {} }),
        )
        .catch(unlessText(/same name as its current name/))
        .catch(endedIsBetweenRuns),

    updateRestart: (id, policy, maxRetries) =>
      transport
        .ask<void>(`set the restart policy of ${id}`, changeMs, (docker) =>
          docker
            .getContainer(part(id))
            .update({ RestartPolicy: { Name: policy, MaximumRetryCount: maxRetries } }),
        )
        .catch(endedIsBetweenRuns),

    waitContainer: (id, signal) => waitForExit(transport, id, inspectContainer, signal),
  };
}

/** What it has not written is left out. */
function bytesOf(row: object): number {
  const written: unknown = Reflect.get(row, 'SizeRw');
  return typeof written === 'number' ? written : 0;
}

/** Engine 20.10 and its runc tell it in these words alone: what they look for goes with each end, and comes with the next start. */
const BETWEEN_RUNS = /sandbox \w+ not found|cannot update a \w+ (?:container|process)|container not running/;

function endedIsBetweenRuns(error: unknown): never {
  if (!(error instanceof EngineError) || !BETWEEN_RUNS.test(error.message)) throw error;
  const message = 'it has ended, and waits to be started again by its restart policy';
  throw new EngineError('between-runs', error.operation, message, error.status);
}

/** Somebody else's removal is under way (409): it is gone when that one is done. */
async function untilGone(
  id: string,
  inspect: (id: string) => Promise<ContainerDetails | null>,
  limitMs: number,
  error: EngineError,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (performance.now() < end) {
    const details = await inspect(id);
    if (details === null) return;
    if (details.state !== 'removing' && details.state !== 'dead') throw error;
    await sleep(50);
  }
  throw error;
}

/** dockerode puts names into paths as they are. */
function part(name: string): string {
  return encodeURIComponent(name);
}
