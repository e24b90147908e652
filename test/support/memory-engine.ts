import { labels } from '../../src/compiler/labels.ts';
import { journalVolume } from '../../src/compiler/names.ts';
import { systemClock, type Clock } from '../../src/runtime/clock.ts';
import type {
  ContainerDetails,
  Engine,
  EngineFacts,
  FileEntry,
  PathFacts,
} from '../../src/runtime/engine.ts';
import type { BehaviourOf, ExecHandler } from './memory/behaviour.ts';
import { containerCalls } from './memory/container-calls.ts';
import { conflict } from './memory/failures.ts';
import { fileCalls } from './memory/file-calls.ts';
import { ImageTable, type MemoryImage, type RegistryEntry } from './memory/image-table.ts';
import { playExec } from './memory/memory-exec.ts';
import { memoryAgentExec } from './memory/memory-agent-exec.ts';
import { networkCalls, volumeCalls } from './memory/resource-calls.ts';
import { memoryDefaults } from './memory/memory-setup.ts';
import { World, type EngineCall } from './memory/world.ts';

/** What a {@link MemoryEngine} starts with. */
export interface MemoryEngineOptions {
  readonly clock?: Clock;
  /** On the engine, by reference. */
  readonly images?: Readonly<Record<string, MemoryImage>>;
  /** To be pulled, by reference. */
  readonly registry?: Readonly<Record<string, RegistryEntry>>;
  /** What containers do; absent: they run until they are stopped. */
  readonly behaviour?: BehaviourOf;
  /** Plays the commands of execs, but for sessions with an agent; absent: there are none. */
  readonly exec?: ExecHandler;
  readonly facts?: Partial<EngineFacts>;
  /** What lies at a path inside a container; absent: nothing anywhere. */
  readonly paths?: (container: ContainerDetails, path: string) => PathFacts | null;
  /** The files at a path inside a container; absent: nothing anywhere. */
  readonly files?: (container: ContainerDetails, path: string) => readonly FileEntry[] | null;
  /** Called before a call has any effect; what it throws, the call rejects with. */
  readonly before?: (call: EngineCall) => void | Promise<void>;
}

/** An {@link Engine} in memory, with what tests look at and do behind its back. */
export interface MemoryEngine extends Engine {
  readonly calls: readonly EngineCall[];
  /** All of them as they are right now, without a call. */
  containers(): readonly ContainerDetails[];
  /** The names of all volumes. */
  volumes(): readonly string[];
  /** The id of an image on the engine. */
  image(reference: string): string | null;
  /** The engine goes down and comes up again: containers run or not as their policies say. */
  reboot(): void;
  /** A container's process ends by itself. */
  crash(idOrName: string, exitCode: number): void;
  /** A line in a container's log. */
  print(idOrName: string, stream: 'stdout' | 'stderr', text: string): void;
  /** Puts an image on the engine, as a build or a pull by hand would. */
  addImage(reference: string, image?: MemoryImage): void;
  /** Takes it away by force, whoever is made from it. */
  dropImage(reference: string): void;
}

const FACTS: EngineFacts = {
  id: 'MEMO:RY00',
  version: '20.10.24',
  apiVersion: '1.41',
  host: 'memory',
  logDriver: 'json-file',
  os: 'linux',
  architecture: 'amd64',
};

/** Behaves as Docker Engine 20.10 does, as far as stackc sees; deterministic when its clock is. */
export function memoryEngine(options: MemoryEngineOptions = {}): MemoryEngine {
  const images = new ImageTable(options.images ?? {}, options.registry ?? {});
  const world = new World({
    images,
    clock: options.clock ?? systemClock,
    behaviourOf: options.behaviour ?? (() => ({})),
    execHandler: options.exec ?? noSuchCommand,
    before: options.before ?? (() => undefined),
  });
  return {
    calls: world.calls,
    containers: () => [...world.containers.values()].map((container) => container.details()),
    volumes: () => [...world.volumes.keys()],
    image: (reference) => images.find(reference)?.id ?? null,
    reboot: () => world.containers.forEach((container) => container.reboot()),
    crash: (id, exitCode) => world.need(id, 'crash').exit(exitCode),
    print: (id, stream, text) => world.need(id, 'print').write(stream, text),
    dropImage: (reference) => images.remove(reference),
    addImage: (reference, image = {}) => images.add(reference, { digest: null, ...image }),

    async facts() {
      await world.record('facts');
      return { ...FACTS, ...options.facts };
    },
    ...containerCalls(world),
    async statPath(id, path) {
      await world.record('statPath', id, path);
      const container = world.find(id);
      return container === null ? null : (options.paths?.(container.details(), path) ?? null);
    },
    async readFiles(id, path) {
      await world.record('readFiles', id, path);
      const container = world.find(id);
      return container === null ? null : (options.files?.(container.details(), path) ?? null);
    },
    ...fileCalls(world),
    ...volumeCalls(world),
    ...networkCalls(world),

    async inspectImage(reference) {
      await world.record('inspectImage', reference);
      return images.find(reference);
    },
    async imageDefaults(reference) {
      await world.record('imageDefaults', reference);
      const image = images.find(reference);
      return image === null ? null : memoryDefaults(image, images.list());
    },
    async listImages() {
      await world.record('listImages');
      return images.list();
    },
    async removeImage(reference) {
      await world.record('removeImage', reference);
      const user = [...world.containers.values()].find(
        ({ image }) => image.id === images.find(reference)?.id,
      );
      const names = images.list().find(({ id }) => id === images.find(reference)?.id)?.tags ?? [];
      const operation = `remove image ${reference}`;
      // Another name keeps the image, and whoever is made from it.
      if (user !== undefined && names.length < 2)
        throw conflict(operation, `unable to remove ${reference} - container ${user.id} is using it`);
      if (reference.startsWith('sha256:') && names.length > 1)
        throw conflict(
          operation,
          `unable to delete ${reference} - image is referenced in multiple repositories`,
        );
      images.untag(reference);
    },
    async registryDigest(reference) {
      await world.record('registryDigest', reference);
      return images.digest(reference);
    },
    async pullImage(reference, _platform, _auth, onProgress) {
      await world.record('pullImage', reference);
      images.pull(reference);
      onProgress(`Status: Downloaded newer image for ${reference}`);
    },
    async pushImage(reference, _auth, onProgress) {
      await world.record('pushImage', reference);
      images.push(reference);
      onProgress(`${reference}: pushed`);
    },
    async buildImage(request, onOutput) {
      await world.record('buildImage', request.tag);
      images.add(request.tag, { digest: null });
      onOutput(`Successfully tagged ${request.tag}`);
    },
    async exec(id, request) {
      await world.record('exec', id, request.command.join(' '));
      const operation = `exec in ${id}`;
      const container = world.need(id, operation);
      if (container.state !== 'running') throw conflict(operation, `Container ${id} is not running`);
      const details = container.details();
      const isAgent =
        details.labels[labels.role] === 'agent' && request.command.join(' ').endsWith('/session.sh');
      const agent = () => memoryAgentExec(world.agents, journalVolume(details.labels[labels.stack] ?? ''));
      return playExec(isAgent ? agent() : world.execHandler, request, details);
    },
    close: () => void world.calls.push({ method: 'close', args: [], line: 'close' }),
  };
}

const noSuchCommand: ExecHandler = ({ command }, play) => {
  play.stdout(`exec: "${command[0] ?? ''}": executable file not found in $PATH`);
  return 126;
};
