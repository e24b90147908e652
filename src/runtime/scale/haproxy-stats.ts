import type { StatsSocket } from '../../compiler/scale/roster.ts';

/** Sessions that a haproxy's servers have, and requests that wait for one. */
export interface HaproxyLoad {
  readonly sessions: number;
  readonly waiting: number;
}

/**
 * Adds up what `show stat` tells of some servers (the CSV of haproxy's management guide, 9.1): their sessions; what waits for
 * one of them, and for any of their backend. Throws with why it tells nothing of them.
 */
export function haproxyLoad(answer: string, listed: StatsSocket['listed']): HaproxyLoad {
  const [header = '', ...rows] = answer.split('\n');
  const columns = header.replace(/^# /, '').split(',');
  const at = (name: string) => columns.indexOf(name);
  const [proxy, server, current, queued] = [at('pxname'), at('svname'), at('scur'), at('qcur')];
  if (proxy < 0 || server < 0 || current < 0 || queued < 0)
    throw new Error(`haproxy answers \`show stat\` with ${JSON.stringify(answer.slice(0, 80))}`);
  const load = { sessions: 0, waiting: 0 };
  const seen = new Set<string>();
  for (const row of rows) {
    const values = row.split(',');
    const own = listed.find(({ backend }) => backend === values[proxy]);
    const name = values[server] ?? '';
    if (own === undefined || name === 'FRONTEND') continue;
    // What no server has yet waits in the backend.
    if (name === 'BACKEND') load.waiting += Number(values[queued] ?? 0);
    else if (own.servers === null || own.servers.includes(name)) {
      load.sessions += Number(values[current] ?? 0);
      load.waiting += Number(values[queued] ?? 0);
      seen.add(own.backend);
    }
  }
  const missing = listed.find(({ backend }) => !seen.has(backend));
  if (missing !== undefined)
    throw new Error(`haproxy has no such servers in \`${missing.backend}\` any more`);
  if (Number.isNaN(load.sessions + load.waiting)) throw new Error('haproxy tells no numbers of its servers');
  return load;
}
