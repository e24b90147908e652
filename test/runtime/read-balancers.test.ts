import { expect, test } from 'vitest';

import type { RunningBalancer } from '../../src/compiler/balancer/running.ts';
import { EngineError, type FileEntry } from '../../src/runtime/engine.ts';
import { readBalancers } from '../../src/runtime/read-balancers.ts';
import { desiredState, settled } from '../support/desired.ts';

const [container] = settled(desiredState([{ name: 'front' }])).containers;

function balancer(
  program: RunningBalancer['program'],
  paths: readonly string[],
  all = true,
): RunningBalancer {
  if (container === undefined) throw new Error('no container');
  return { container, program, version: null, paths: { paths, all } };
}

const file = (path: string, text: string): FileEntry => ({ kind: 'file', path, text });
const link = (path: string, target: string): FileEntry => ({ kind: 'symlink', path, target });

/** A container's files; a folder is read with all that is below it. */
async function read(wanted: RunningBalancer, entries: readonly FileEntry[]) {
  const asked: string[] = [];
  const readFiles = async (_id: string, path: string) => {
    asked.push(path);
    const found = entries.filter((entry) => entry.path === path || entry.path.startsWith(`${path}/`));
    return found.length === 0 ? null : found;
  };
  const texts = await readBalancers({ readFiles }, [wanted]);
  return { text: texts.get(wanted.container.id), asked };
}

test('haproxy: all files that its words name, one behind the other', async () => {
  const { text } = await read(balancer('haproxy', ['/b.cfg', '/a.cfg']), [
    file('/a.cfg', 'a'),
    file('/b.cfg', 'b'),
  ]);
  expect(text).toEqual({
    kind: 'read',
    main: ['/b.cfg', '/a.cfg'],
    files: new Map([
      ['/b.cfg', 'b'],
      ['/a.cfg', 'a'],
    ]),
  });
});

test('haproxy: of a folder, what is called `.cfg` directly in it, in the order of the names', async () => {
  const { text } = await read(balancer('haproxy', ['/conf']), [
    file('/conf/b.cfg', 'b'),
    file('/conf/a.cfg', 'a'),
    file('/conf/readme', 'r'),
    file('/conf/deep/c.cfg', 'c'),
  ]);
  expect(text).toMatchObject({ main: ['/conf/a.cfg', '/conf/b.cfg'] });
});

test('without words of its own, the first place that has one', async () => {
  const { text } = await read(balancer('haproxy', ['/first', '/second', '/third'], false), [
    file('/second', 's'),
    file('/third', 't'),
  ]);
  expect(text).toMatchObject({ main: ['/second'] });
});

test('nginx: what is included, links followed, also from another folder', async () => {
  const { text, asked } = await read(balancer('nginx', ['/etc/nginx/nginx.conf']), [
    file('/etc/nginx/nginx.conf', 'http { include conf.d/*.conf; include /srv/more.conf; include none/*; }'),
    link('/etc/nginx/conf.d/site.conf', '../sites/site'),
    file('/etc/nginx/sites/site', 'upstream app { server app0:1; }'),
    file('/srv/more.conf', 'include /srv/last.conf;'),
    file('/srv/last.conf', '# end'),
  ]);
  expect(text).toMatchObject({ kind: 'read', main: ['/etc/nginx/nginx.conf'] });
  expect(text?.kind === 'read' ? [...text.files.keys()] : []).toEqual([
    '/etc/nginx/nginx.conf',
    '/etc/nginx/conf.d/site.conf',
    '/srv/more.conf',
    '/srv/last.conf',
  ]);
  expect(asked.filter((path) => path === '/etc/nginx/none')).toHaveLength(1);
});

test('a link that leads to itself ends', async () => {
  const { text } = await read(balancer('haproxy', ['/a.cfg']), [link('/a.cfg', 'a.cfg')]);
  expect(text).toEqual({ kind: 'unread', why: '/a.cfg is not there' });
});

test('says why it could not be read', async () => {
  expect((await read(balancer('haproxy', ['haproxy.cfg']), [])).text).toEqual({
    kind: 'unread',
    why: 'its path `haproxy.cfg` is no full one',
  });
  expect((await read(balancer('nginx', ['/a', '/b'], false), [])).text).toEqual({
    kind: 'unread',
    why: '/a and /b are not there',
  });
  const readFiles = () => Promise.reject(new EngineError('timeout', 'read', 'no answer within 2000 ms'));
  const wanted = balancer('nginx', ['/a']);
  expect((await readBalancers({ readFiles }, [wanted])).get(wanted.container.id)).toEqual({
    kind: 'unread',
    why: 'no answer within 2000 ms',
  });
});
