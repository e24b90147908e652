import { describe, expect, test } from 'vitest';
import type { ImageConfig } from '../../../src/compiler/desired/resolved-inputs.ts';
import { app, local } from './shop.ts';

const stopWith = (keys: string, image: Partial<ImageConfig> | null = {}) => {
  const { stop: how, stopSignal } = app(keys, image === null ? {} : { images: local(image) });
  return [how.signal, stopSignal, how.why];
};

describe('stopping', () => {
  test.each([
    ['stop_signal: TERM, command: unicorn', ['SIGTERM', 'SIGTERM', 'TERM: `stop_signal`']],
    [
      'command: "bundle exec unicorn_rails -c x"',
      ['SIGQUIT', 'SIGQUIT', 'QUIT: unicorn_rails stops gracefully on it'],
    ],
    [
      'command: "env -i A=b nice -n 5 /usr/sbin/nginx -g x"',
      ['SIGQUIT', 'SIGQUIT', 'QUIT: nginx stops gracefully on it'],
    ],
    [
      'entrypoint: /e.sh, command: php-fpm8.2',
      ['SIGQUIT', 'SIGQUIT', 'QUIT: php-fpm8.2 stops gracefully on it'],
    ],
    [`command: "sh -c 'exec haproxy -f x'"`, ['SIGUSR1', 'SIGUSR1', 'USR1: haproxy stops gracefully on it']],
    [`command: "sh -c 'a; haproxy -f x'"`, ['SIGTERM', 'SIGTERM', 'TERM: nothing says otherwise']],
    [
      'command: "tini -- apache2 -D FOREGROUND"',
      ['SIGWINCH', 'SIGWINCH', 'WINCH: apache2 stops gracefully on it'],
    ],
    ['command: "gosu postgres postgres -D x"', ['SIGINT', 'SIGINT', 'INT: postgres stops gracefully on it']],
    [
      'command: "bundle exec sidekiq", quiet_signal: TSTP',
      ['SIGTERM', 'SIGTERM', 'TERM: nothing says otherwise'],
    ],
  ])('%s', (keys, expected) => {
    expect(stopWith(keys)).toEqual(expected);
  });

  test("the image's STOPSIGNAL comes before the program", () => {
    expect(stopWith('command: unicorn', { stopSignal: 'SIGUSR2' })).toEqual([
      'SIGUSR2',
      null,
      "USR2: the image's STOPSIGNAL",
    ]);
  });

  test("the image's own command is looked at where it is used", () => {
    expect(stopWith('user: x', { command: ['nginx', '-g', 'daemon off;'] })[0]).toBe('SIGQUIT');
    expect(stopWith('entrypoint: /x.sh', { command: ['nginx'] })[0]).toBe('SIGTERM');
  });

  test('of an image that is not known yet is left to it', () => {
    expect(stopWith('user: x', null)).toEqual(['SIGTERM', null, 'TERM, unless the image says otherwise']);
  });

  test('signals and times are kept', () => {
    const one = app('quiet_signal: 20, stop_timeout: 1500ms');
    expect(one.stop).toMatchObject({ quietSignal: 'SIGTSTP', timeoutS: 2 });
    expect(app('user: x').stop.timeoutS).toBe(30);
  });
});
