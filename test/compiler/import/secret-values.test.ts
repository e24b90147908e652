import { describe, expect, test } from 'vitest';

import { isSecret, looksSecret, secretWords } from '../../../src/compiler/import/secret-values.ts';

describe('a line of a shell', () => {
  test.each([
    'redis-cli -a hunter2 ping',
    'exec redis-server --requirepass hunter2',
    'curl -fsu admin:hunter2 http://localhost/',
    'curl --user admin:hunter2 http://localhost/',
    'mysqladmin ping -h localhost -uroot -proot',
    "mariadb-admin -p'hunter2' ping",
    'mongosh -u root -p hunter2 --eval 1',
    'sshpass -phunter2 ssh a',
  ])('%s holds one', (line) => {
    expect(looksSecret(line)).toBe(true);
  });

  test.each([
    'redis-cli ping',
    'redis-cli -a $REDIS_PASSWORD ping',
    'mysqladmin ping -p"$MYSQL_ROOT_PASSWORD"',
    'mysqladmin ping; serve -p8080',
    'redis-server --requirepass "$PASS"',
    'curl -fsS http://localhost:8080/up',
    'curl --unix-socket /run/a:b http://x',
    'serve -p 8080 -u www-data:www-data',
    'login --password-stdin',
    'serve --token --verbose',
  ])('%s holds none', (line) => {
    expect(looksSecret(line)).toBe(false);
  });
});

test.each<[readonly string[], readonly number[]]>([
  [['redis-cli', '-a', 'hunter2', 'ping'], [2]],
  [['curl', '-f', '-u', 'admin:hunter2', 'http://x'], [3]],
  [['mysqladmin', 'ping', '-uroot', '-proot'], [3]],
  [['sh', '-c', 'redis-cli -a hunter2 ping'], [2]],
  [['serve', '-p', '8080', '-a', 'all'], []],
])('of %j the words %j', (words, found) => {
  expect([...secretWords(words)]).toEqual(found);
});

test.each([
  ['SMTP_CREDS', true],
  ['db_cred', true],
  ['CREDIT_LIMIT', false],
])('%s: %s', (name, expected) => {
  expect(isSecret(name, 'bob:1')).toBe(expected);
});
