import { describe, expect, test } from 'vitest';

import {
  gracefulSignal,
  serverOf,
  stopEffect,
  type ServerKind,
  type StopEffect,
} from '../../../src/compiler/verdict/server.ts';

describe('which server runs, and whether it leaves connections open', () => {
  test.each<[string, string, ServerKind, boolean | null]>([
    ['', 'unicorn -c config/unicorn.rb', 'unicorn', false],
    ['', 'bundle exec unicorn_rails -E production', 'unicorn', false],
    ['', 'bundle exec puma -b unix:///a.sock', 'puma', true],
    ['', 'bundle exec rails server', 'puma', true],
    ['', 'rails db:migrate', 'unknown', null],
    ['', 'gunicorn app:app', 'gunicorn', false],
    ['', 'gunicorn -w 4 --threads 1 app:app', 'gunicorn', false],
    ['', 'gunicorn --threads 4 app:app', 'gunicorn-threads', true],
    ['', 'gunicorn --worker-class=gevent app:app', 'gunicorn-threads', true],
    ['', 'gunicorn -kgthread app:app', 'gunicorn-threads', true],
    ['', 'gunicorn -k sync app:app', 'gunicorn', false],
    ['', 'gunicorn -c gunicorn.py app:app', 'gunicorn', null],
    ['', 'node server.js', 'node', true],
    ['', '/usr/sbin/php-fpm8.2 -F', 'php-fpm', true],
    ['/docker-entrypoint.sh', "nginx -g 'daemon off;'", 'nginx', true],
    ['tini --', 'haproxy -W -f /h.cfg', 'haproxy', true],
    ['', 'bundle exec sidekiq -q default', 'sidekiq', false],
    ['', 'apachectl -D FOREGROUND', 'apache', true],
    ['', 'uvicorn app:app --uds /a.sock', 'uvicorn', true],
    ['sh', 'puma', 'puma', true],
    ['', 'sh', 'shell', null],
    ['/bin/serve', '', 'unknown', null],
    ['', '', 'unknown', null],
  ])('%j %j', (entrypoint, command, kind, keepsAlive) => {
    const words = (text: string) => text.split(' ').filter((word) => word !== '');
    expect(serverOf(words(entrypoint), words(command))).toMatchObject({ kind, keepsAlive });
  });

  test('a shell that does not leave its place is the program', () => {
    expect(serverOf([], ['sh', '-c', 'migrate && puma'])).toEqual({
      kind: 'shell',
      program: 'sh',
      keepsAlive: null,
    });
    expect(serverOf([], ['sh', '-c', 'exec puma'])).toMatchObject({ kind: 'puma', program: 'puma' });
  });
});

test.each<[ServerKind, string | null, StopEffect]>([
  ['unicorn', 'SIGQUIT', 'finishes'],
  ['unicorn', 'SIGTERM', 'kills'],
  ['gunicorn', 'SIGTERM', 'finishes'],
  ['gunicorn', 'SIGQUIT', 'kills'],
  ['puma', 'TERM', 'finishes'],
  ['php-fpm', 'SIGTERM', 'kills'],
  ['php-fpm', 'SIGQUIT', 'finishes'],
  ['nginx', 'SIGTERM', 'kills'],
  ['haproxy', 'SIGUSR1', 'finishes'],
  ['apache', 'SIGWINCH', 'finishes'],
  ['sidekiq', 'SIGTERM', 'finishes'],
  ['shell', 'SIGTERM', 'ignored'],
  ['shell', 'SIGKILL', 'kills'],
  ['unknown', 'SIGKILL', 'kills'],
  ['unknown', 'SIGTERM', 'unknown'],
  ['node', 'SIGTERM', 'unknown'],
  ['puma', null, 'unknown'],
])('%s at %s: %s', (kind, signal, effect) => {
  expect(stopEffect(kind, signal)).toBe(effect);
});

test('the signal that is right finishes', () => {
  const kinds: readonly ServerKind[] = [
    'unicorn',
    'puma',
    'gunicorn',
    'php-fpm',
    'nginx',
    'haproxy',
    'sidekiq',
  ];
  for (const kind of kinds) expect(stopEffect(kind, gracefulSignal(kind))).toBe('finishes');
  expect(gracefulSignal('node')).toBeNull();
});
