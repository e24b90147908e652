import { nextGeneration, servedOverTcp, type Served } from '../load.ts';
import type { StackFolder } from '../stack-cli.ts';
import { again, neverAgain, overTcp, set, type Edit, type Server, type VerdictCase } from './case.ts';

/** haproxy can be told while it runs where the instances are. */
function told(server: Server, edit: Edit = () => {}, config = (text: string) => text) {
  return (folder: StackFolder, name: string, port: number): Served => {
    const made = servedOverTcp(folder, name, port, server, config);
    edit(made);
    return made;
  };
}

const onlyFirst = (text: string) => text.replace(/.*server app1 .*\n/, '');

export const overTcpNames: readonly VerdictCase[] = [
  {
    name: 'names that haproxy looked up at its start',
    stack: overTcp,
    change: again,
    said: 'gap',
    rule: 'resolved-once',
    length: 'lasting',
  },
  ...(['unicorn', 'gunicorn', 'node'] as const).map(
    (server): VerdictCase => ({
      name: `two ${server}s whose addresses haproxy is told`,
      stack: told(server, set({ drain_timeout: 60 })),
      change: again,
      said: 'zero-downtime',
      rule: 'told-by-runtime-socket',
    }),
  ),
  {
    name: 'a single unicorn whose address haproxy is told',
    stack: told(
      'unicorn',
      (made) => {
        made.app['containers'] = 1;
        made.haproxy['links'] = ['app0'];
      },
      onlyFirst,
    ),
    change: again,
    said: 'zero-downtime',
    rule: 'told-by-runtime-socket',
  },
  {
    name: 'addresses that haproxy is told, both at once',
    stack: told('unicorn', set({ strategy: { batch: 2 } })),
    change: again,
    said: 'zero-downtime',
    rule: 'told-by-runtime-socket',
  },
  {
    name: 'addresses that haproxy is told, which never tries again, and a stop signal that kills',
    stack: told('unicorn', set({ stop_signal: 'KILL', drain_timeout: 60 }), neverAgain),
    change: again,
    said: 'zero-downtime',
    rule: 'told-by-runtime-socket',
  },
  {
    name: 'stop-first over TCP, taken out of a haproxy that never tries again',
    change: (made) => {
      made.app['strategy'] = { order: 'stop-first' };
      nextGeneration(made);
    },
    said: 'zero-downtime',
    rule: 'taken-out',
  },
  {
    name: 'from four to two over TCP, before a haproxy that never tries again',
    stack: (folder, name, port) => {
      const byEngineName = (text: string) =>
        neverAgain(text).replace(/ app(\d):3000/g, ` ${name}-load-app$1:3000`);
      const made = servedOverTcp(folder, name, port, 'unicorn', byEngineName, 4);
      delete made.haproxy['links'];
      made.app['containers'] = 4;
      return made;
    },
    change: set({ containers: 2 }),
    said: 'zero-downtime',
    rule: 'removed-told',
  },
];
