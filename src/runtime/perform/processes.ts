import { EngineError, type ContainerProcess, type Engine } from '../engine.ts';

/** The engine runs `ps` on its machine, which may have none: then its error. */
export async function lookAtProcesses(
  containerId: string,
  engine: Pick<Engine, 'processes'>,
): Promise<readonly ContainerProcess[] | EngineError> {
  try {
    return await engine.processes(containerId);
  } catch (error) {
    if (error instanceof EngineError && error.kind === 'server') return error;
    throw error;
  }
}
