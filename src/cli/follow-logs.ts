import { labels } from '../compiler/labels.ts';
import { EngineError, type Engine, type LogsOptions } from '../runtime/engine.ts';
import { lines } from '../runtime/log-lines.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import type { listed, ListedContainer } from './instances.ts';
import type { CommandContext, Interruption } from './io.ts';
import { lineWriter, type LineWriter, type LogSource } from './line-writer.ts';
import { splitTime } from './merge-lines.ts';
import { writeNote } from './output.ts';

/** What is followed. */
export interface Following {
  readonly stack: string;
  /** What is there at first. */
  readonly find: () => Promise<readonly ListedContainer[]>;
  /** What a container that starts is; null for one of no interest. */
  readonly read: (started: Parameters<typeof listed>[0]) => ListedContainer | null;
  /** Whether a container that starts later belongs to it. */
  readonly isWanted: (one: ListedContainer) => boolean;
  /** For people. */
  readonly what: string;
  /** Lines from the end of what is there at first; null for all. */
  readonly tail: number | null;
  readonly timestamps: boolean;
}

/**
 * Shows lines as they come, from the containers that are there and from every one that starts later, a new generation or
 * a restart, until Ctrl-C (130, SIGTERM 143) or until nobody reads any more (0). Nothing is lost or shown twice:
 *
 *     watch ── list ── follow each ─── end ┐
 *       └── start of a new one → follow    │
 *       └── start of a known one → go on ←─┘ after the last line that was shown
 */
export async function followLogs(
  context: CommandContext,
  engine: Engine,
  following: Following,
): Promise<number> {
  const { io } = context;
  const over = new AbortController();
  const end = () => over.abort();
  let interruption: Interruption | null = null;
  const letGo = io.onSignal((signal) => {
    interruption = signal;
    end();
  });
  io.outputClosed.addEventListener('abort', end);
  const tracks = new Tracks(context, engine, following, over);
  try {
    const starts = await engine.watchStarts([`${labels.stack}=${following.stack}`], over.signal);
    tracks.begin(await following.find());
    for await (const started of starts) {
      const one = following.read({ ...started, state: 'running' });
      if (one !== null && following.isWanted(one)) tracks.start(one);
    }
    await tracks.ended();
    return interruption === null ? exitCode.done : exitCodeOf(interruption);
  } catch (error) {
    if (!over.signal.aborted) throw error;
    await tracks.ended();
    return interruption === null ? exitCode.done : exitCodeOf(interruption);
  } finally {
    end();
    letGo();
    io.outputClosed.removeEventListener('abort', end);
  }
}

/** The output of one container, over all its starts. */
interface Track {
  readonly source: LogSource;
  /** Null while nobody reads. */
  reading: Promise<void> | null;
  /** It has started again since the reading began. */
  again: boolean;
  /** The time of the last line that was shown, and how many of that time were. */
  last: string;
  count: number;
}

/** What is read of a log: its end, or what comes after what was shown. */
type From = { readonly tail: number | null } | 'on';

class Tracks {
  readonly #context: CommandContext;
  readonly #engine: Engine;
  readonly #following: Following;
  readonly #over: AbortController;
  readonly #writer: LineWriter;
  readonly #tracks = new Map<string, Track>();
  #failure: unknown = null;

  constructor(context: CommandContext, engine: Engine, following: Following, over: AbortController) {
    this.#context = context;
    this.#engine = engine;
    this.#following = following;
    this.#over = over;
    this.#writer = lineWriter(context, following.timestamps);
  }

  begin(found: readonly ListedContainer[]): void {
    for (const one of found) {
      const label = one.phase === 'current' ? one.instance : one.engineName;
      this.#join(one.id, { id: one.id, label, group: label });
    }
    for (const track of this.#tracks.values()) this.#read(track, { tail: this.#following.tail });
    if (found.length === 0) {
      this.#say(`nothing of ${this.#following.what} is on this engine yet: waiting for it, Ctrl-C ends`);
    }
  }

  start(one: ListedContainer): void {
    const known = this.#tracks.get(one.id);
    if (known === undefined) {
      const label = `${one.instance}.${one.generation}`;
      const source = { id: one.id, label, group: one.instance };
      if (one.role === 'instance') this.#say(`${one.instance}: generation ${one.generation} has started`);
      this.#read(
        this.#join(one.id, one.role === 'instance' ? source : { ...source, label: one.engineName }),
        {
          tail: null,
        },
      );
    } else if (known.reading === null) this.#read(known, 'on');
    else known.again = true;
  }

  /** Settles when what was under way is shown; rejects with what went wrong on the way. */
  async ended(): Promise<void> {
    for (const { reading } of this.#tracks.values()) await reading;
    if (this.#failure !== null) throw this.#failure;
  }

  #join(id: string, source: LogSource): Track {
    const track: Track = { source, reading: null, again: false, last: '', count: 0 };
    this.#tracks.set(id, track);
    this.#writer.join(source);
    return track;
  }

  #read(track: Track, from: From): void {
    track.again = false;
    track.reading = this.#follow(track, from).then(
      () => this.#rest(track),
      (error: unknown) => {
        // Removed before it could be read.
        if (error instanceof EngineError && error.kind === 'not-found') return this.#rest(track);
        track.reading = null;
        if (this.#over.signal.aborted) return;
        this.#failure ??= error;
        this.#over.abort();
      },
    );
  }

  #rest(track: Track): void {
    track.reading = null;
    if (this.#over.signal.aborted) return;
    if (track.again) return this.#read(track, 'on');
    if ([...this.#tracks.values()].every(({ reading }) => reading === null)) {
      this.#say('nothing of it runs any more: waiting for the next start, Ctrl-C ends');
    }
  }

  async #follow(track: Track, from: From): Promise<void> {
    await this.#copy(track, await this.#part(track, from), true);
    if (this.#over.signal.aborted || track.last === '') return;
    // Engines may end a follower before it has had the last lines (seen with 20.10); what has ended is all there.
    await this.#copy(track, { tail: null, since: track.last }, false);
  }

  async #part(track: Track, from: From): Promise<Pick<LogsOptions, 'tail' | 'since'>> {
    if (from !== 'on') return from;
    if (track.last !== '') return { tail: null, since: track.last };
    // Nothing was shown of the starts before.
    const details = await this.#engine.inspectContainer(track.source.id);
    return details === null || details.startedAt === ''
      ? { tail: null }
      : { tail: null, since: details.startedAt };
  }

  async #copy(track: Track, part: Pick<LogsOptions, 'tail' | 'since'>, follow: boolean): Promise<void> {
    const { signal } = this.#over;
    // Those of the last time come once more.
    const { last: before, count: shown } = track;
    let skipped = 0;
    const output = this.#engine.logs(track.source.id, { ...part, follow, timestamps: true, signal });
    for await (const text of lines(output)) {
      const line = splitTime(text);
      if (line.time !== '' && line.time === before && skipped < shown) {
        skipped += 1;
        continue;
      }
      if (line.time !== '') {
        track.count = line.time === track.last ? track.count + 1 : 1;
        track.last = line.time;
      }
      this.#writer.show(track.source, line);
    }
  }

  #say(text: string): void {
    writeNote(this.#context, text);
  }
}
