import { EngineError, type Engine } from '../engine.ts';

/** The users and groups that a container knows. */
export interface Owners {
  /** The numbers of `user` or `user:group`; null is root. Null for names that it does not know. */
  of(user: string | null): { readonly uid: number; readonly gid: number } | null;
}

/** Reads a container's users where one of the names needs them: numbers alone do not, but for the group that is theirs. */
export async function readOwners(
  engine: Pick<Engine, 'fetchFile'>,
  id: string,
  users: readonly (string | null)[],
): Promise<Owners> {
  const asks = users.some((user) => user !== null && !/^\d+:\d+$/.test(user));
  const [passwd, group] = await Promise.all(
    ['/etc/passwd', '/etc/group'].map(async (path) => (asks ? table(await engine.fetchFile(id, path)) : [])),
  );
  return {
    of(written) {
      if (written === null) return { uid: 0, gid: 0 };
      const [user = '', ownGroup] = written.split(':');
      const row = passwd?.find(([name, , uid]) => name === user || uid === user);
      const uid = numberOf(user) ?? numberOf(row?.[2]);
      const gid =
        ownGroup === undefined
          ? (numberOf(row?.[3]) ?? (numberOf(user) === null ? null : 0))
          : (numberOf(ownGroup) ?? numberOf(group?.find(([name]) => name === ownGroup)?.[2]));
      return uid === null || gid === null ? null : { uid, gid };
    },
  };
}

/** An owner that must be known. */
export function demandOwner(owners: Owners, user: string | null, path: string): { uid: number; gid: number } {
  const found = owners.of(user);
  if (found !== null) return found;
  throw new EngineError(
    'invalid',
    'put files',
    `\`${path}\` is to be \`${user ?? ''}\`'s, whom the image does not know: write numbers (\`1000:1000\`)`,
  );
}

function table(found: Awaited<ReturnType<Engine['fetchFile']>>): readonly (readonly string[])[] {
  if (found?.kind !== 'file') return [];
  const text = Buffer.from(found.content).toString('utf8');
  return text.split('\n').map((line) => line.split(':'));
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,7}$/.test(text) ? Number(text) : null;
}
