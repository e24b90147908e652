/** A value of the file to be, before `%{…}` is put into it: every text means itself. */
export type Value = string | number | boolean | Hidden | readonly Value[] | { readonly [key: string]: Value };

/** A text that must not stand in the file. */
export class Hidden {
  readonly text: string;
  /** What it is called where it was found: a variable's name, or `command`. */
  readonly name: string;
  /** A command that prints it, for whoever has to provide it; `null`: only `docker inspect` of all shows it. */
  readonly read: string | null;

  constructor(text: string, name: string, read: string | null) {
    this.text = text;
    this.name = name;
    this.read = read;
  }
}

/** Something that a person should know or decide. */
export interface Remark {
  /** The key of the container's entry that it belongs to; null: the whole. Where the key is not written it stands before the entry. */
  readonly key: string | null;
  readonly text: string;
  /** Told besides on standard error: something that runs is not in the file. */
  readonly isLoss: boolean;
}

/** One `docker run` option that no stack file has, or something else that would be lost. */
export function loss(key: string | null, text: string): Remark {
  return { key, text, isLoss: true };
}

/** Something to decide. */
export function hint(key: string | null, text: string): Remark {
  return { key, text, isLoss: false };
}

/** A text as it stands in a file, where `%{` and `%%` mean something. */
export function escaped(text: string): string {
  return text.includes('%{') || text.includes('%%') ? text.replaceAll('%', '%%') : text;
}
