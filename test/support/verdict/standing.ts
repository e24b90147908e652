import { expect } from 'vitest';

import { answers, type Served } from '../load.ts';
import { freePort, StackFolder, wipe, type Ran } from '../stack-cli.ts';
import type { VerdictCase } from './case.ts';

/** A stack that cases are played on, one after the other. */
export class Standing {
  readonly name: string;
  readonly url: string;
  readonly made: Served;
  readonly #folder: StackFolder;

  private constructor(folder: StackFolder, name: string, port: number, made: Served) {
    this.#folder = folder;
    this.name = name;
    this.url = `http://127.0.0.1:${port}`;
    this.made = made;
  }

  /** The one that these cases leave, the first of which says where they begin; nothing of it is applied yet. */
  static async after(played: readonly VerdictCase[], next: VerdictCase, name: string): Promise<Standing> {
    await wipe(name);
    const { stack } = played[0] ?? next;
    if (stack === undefined) throw new Error(`nothing stands before \`${next.name}\``);
    const folder = new StackFolder();
    const port = await freePort();
    const standing = new Standing(folder, name, port, stack(folder, name, port));
    for (const { before, change } of played) for (const edit of [before, change]) edit?.(standing.made);
    return standing;
  }

  /** Applies what the file is to say by now. */
  async apply(args: readonly string[]): Promise<void> {
    this.#write();
    const ran = await this.#folder.run(['apply', '--yes', ...args]);
    expect(ran.code, ran.stderr + ran.stdout).toBe(0);
  }

  /** The same, until it answers. */
  async up(args: readonly string[]): Promise<void> {
    await this.apply(args);
    await answers(this.url);
  }

  plan(args: readonly string[]): Promise<Ran> {
    this.#write();
    return this.#folder.run(['plan', '--json', '--require-zero-downtime', ...args]);
  }

  async remove(): Promise<void> {
    await wipe(this.name);
    this.#folder.remove();
  }

  #write(): void {
    this.#folder.write(this.made.stack);
  }
}
