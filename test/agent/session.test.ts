import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { agentPlace, type AgentPlace } from '../support/agent-process.ts';
import { listen, says } from '../support/servers.ts';

let place: AgentPlace;
let first: ChildProcessWithoutNullStreams;

beforeAll(async () => {
  place = agentPlace();
  first = place.start([]);
  await once(first.stdout, 'data');
});
afterAll(() => place.remove());

/** Sends all of this and ends the input; gives the lines that came back, hello first, and the exit code. */
async function converse(
  ...input: readonly (string | Uint8Array)[]
): Promise<{ lines: unknown[]; code: number | null }> {
  const child = place.start(['session']);
  const lines = linesOf(child);
  for (const piece of input) child.stdin.write(piece);
  child.stdin.end();
  const code = await exitOf(child);
  return { lines: await lines, code };
}

async function linesOf(child: ChildProcessWithoutNullStreams): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(JSON.parse(line));
  return lines;
}

async function exitOf(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  const [code]: (number | null)[] = await once(child, 'close');
  return code ?? null;
}

const HELLO = { hello: 'stackc-agent', protocol: 10 };
const PING = '{"id":7,"op":"ping"}\n';
const PONG = { id: 7, ok: true, result: null };

describe('a session', () => {
  test('says hello first, answers by id, and ends with its input', async () => {
    await expect(converse(PING)).resolves.toEqual({ lines: [HELLO, PONG], code: 0 });
  });

  test('takes lines in whatever pieces they come', async () => {
    const bytes = Buffer.from('{"id":1,"op":"ünknöwn"}\r\n{"id":7,"op":"ping"}\n');
    const pieces = Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
    const { lines } = await converse(...pieces);
    expect(lines).toEqual([HELLO, { id: 1, ok: false, error: 'unknown operation "ünknöwn"' }, PONG]);
  });

  test('drops a last line that was cut off', async () => {
    await expect(converse(PING, '{"id":8,"op":"pi')).resolves.toEqual({ lines: [HELLO, PONG], code: 0 });
  });

  test('finishes what is under way when its input ends', async () => {
    const server = await listen(0, (socket) => {
      setTimeout(() => says('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')(socket), 100);
    });
    const probe = {
      id: 9,
      op: 'probe',
      target: { kind: 'tcp', host: '127.0.0.1', port: server.port },
      ask: { kind: 'http', path: '/' },
      timeoutMs: 5000,
    };
    const { lines, code } = await converse(`${JSON.stringify(probe)}\n`, PING);
    await server.close();
    // The later question is answered first: nobody waits for anybody.
    expect(lines).toEqual([
      HELLO,
      PONG,
      { id: 9, ok: true, result: { ok: true, status: 200, ms: expect.any(Number) } },
    ]);
    expect(code).toBe(0);
  });

  test('ends when nobody reads its answers any more', async () => {
    const child = place.start(['session']);
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const exit = exitOf(child);
    const nagging = setInterval(() => child.stdin.write(PING), 5);
    await expect(exit).resolves.toBe(0);
    clearInterval(nagging);
  });
});

const MIB = 1024 * 1024;

describe('bad input is answered, and the session goes on', () => {
  const target = '"target":{"kind":"tcp","host":"127.0.0.1","port":1}';
  const ask = '"ask":{"kind":"http","path":"/"}';
  test.each([
    ['', null, 'the line is no JSON'],
    ['\0\u0001ÿ{{{', null, 'the line is no JSON'],
    ['[1]', null, 'the line is no JSON object'],
    ['null', null, 'the line is no JSON object'],
    ['{}', null, '`id` is no whole number'],
    ['{"id":"1","op":"ping"}', null, '`id` is no whole number'],
    ['{"id":1.5,"op":"ping"}', null, '`id` is no whole number'],
    ['{"id":1}', 1, 'unknown operation undefined'],
    ['{"id":1,"op":"cron-run","job":"shop/backup"}', 1, '`by` is no object'],
    ['{"id":1,"op":"cron-pause","job":"shop/backup","by":{"user":1}}', 1, '`by` is nobody'],
    ['{"id":1,"op":"cron-resume","by":{"user":"a","host":"b"}}', 1, '`job` is no text'],
    ['{"id":1,"op":"__proto__"}', 1, 'unknown operation "__proto__"'],
    [`{"id":1,"op":"probe",${target},${ask}}`, 1, '`timeoutMs` is no number above 0 and up to 3600000'],
    [
      `{"id":1,"op":"probe",${target},${ask},"timeoutMs":1e400}`,
      1,
      '`timeoutMs` is no number above 0 and up to 3600000',
    ],
    [`{"id":1,"op":"probe",${target},"timeoutMs":5}`, 1, '`ask` is no object'],
    [
      `{"id":1,"op":"probe",${target},"ask":{"kind":"http","path":"/a b"},"timeoutMs":5}`,
      1,
      '"/a b" is no request path',
    ],
    [
      `{"id":1,"op":"probe",${target},"ask":{"kind":"http","path":"/\\r\\nX: 1"},"timeoutMs":5}`,
      1,
      '"/\\r\\nX: 1" is no request path',
    ],
    [`{"id":1,"op":"probe",${target},"ask":{"kind":"guess"},"timeoutMs":5}`, 1, 'unknown question "guess"'],
    [`{"id":1,"op":"probe","target":{"kind":"x"},${ask},"timeoutMs":5}`, 1, 'unknown target "x"'],
    [
      `{"id":1,"op":"probe","target":{"kind":"tcp","host":"h","port":65536},${ask},"timeoutMs":5}`,
      1,
      '`port` is no port',
    ],
    [
      `{"id":1,"op":"probe","target":{"kind":"tcp","host":"","port":1},${ask},"timeoutMs":5}`,
      1,
      '`host` is no text',
    ],
    ['{"id":1,"op":"publish","directory":5,"link":"a","to":"b"}', 1, '`directory` is no text'],
    ['{"id":1,"op":"unlink","directory":"/stackc/v/x"}', 1, '`name` is no text'],
    ['{"id":1,"op":"drain-ports","pid":0,"ports":[80]}', 1, '`pid` is no process id'],
    ['{"id":1,"op":"drain-ports","pid":9,"ports":[65536]}', 1, '`ports` is no list of ports'],
    ['{"id":1,"op":"point","socket":"/etc/x","servers":["a/b",1]}', 1, '`servers` is no list of texts'],
    [
      '{"id":1,"op":"leave","socket":"/etc/x","servers":[],"state":"ready"}',
      1,
      '`state` is neither `drain` nor `maint`',
    ],
  ])('%j', async (line, id, error) => {
    const { lines, code } = await converse(`${line}\n`, PING);
    expect(lines).toEqual([HELLO, { id, ok: false, error }, PONG]);
    expect(code).toBe(0);
  });

  test('a line of invalid UTF-8', async () => {
    const { lines } = await converse(Buffer.from([0xff, 0xfe, 0x80, 0x0a]), PING);
    expect(lines).toEqual([HELLO, { id: null, ok: false, error: 'the line is no JSON' }, PONG]);
  });

  test('a line that is too long, of which nothing is kept', async () => {
    const child = place.start(['session']);
    const lines = linesOf(child);
    for (let written = 0; written < 64 * MIB; written += MIB) {
      if (!child.stdin.write('x'.repeat(MIB))) await once(child.stdin, 'drain');
    }
    const peaksKb = [child, first].map(({ pid }) =>
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]),
    );
    child.stdin.end(`\n${PING}`);
    await exitOf(child);
    expect(await lines).toEqual([
      HELLO,
      { id: null, ok: false, error: 'the line is longer than 1048576 bytes' },
      PONG,
    ]);
    expect(Math.max(...peaksKb)).toBeLessThan(120_000);
  });
});

describe('as the first process', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('stays up, small, until %s ends it cleanly', async (signal) => {
    const other = agentPlace();
    const child = other.start([]);
    await once(child.stdout, 'data');
    const rssKb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]);
    expect(rssKb).toBeLessThan(60_000);
    child.stdin.end();
    child.kill(signal);
    await expect(exitOf(child)).resolves.toBe(0);
    other.remove();
  });
});

describe('where the first process', () => {
  test('is still starting, a session waits for it', async () => {
    const other = agentPlace();
    const child = other.start(['session']);
    const lines = linesOf(child);
    child.stdin.end(PING);
    other.start([]);
    await expect(exitOf(child)).resolves.toBe(0);
    await expect(lines).resolves.toEqual([HELLO, PONG]);
    other.remove();
  });

  test('ends, its sessions end', async () => {
    const other = agentPlace();
    const doomed = other.start([]);
    await once(doomed.stdout, 'data');
    const child = other.start(['session']);
    await once(child.stdout, 'data');
    doomed.kill('SIGKILL');
    await expect(exitOf(child)).resolves.toBe(0);
    other.remove();
  });
});

test('jobs are run by another agent', async () => {
  const { lines } = await converse(
    '{"id":1,"op":"cron-run","job":"shop/backup","by":{"user":"a","host":"b"}}\n',
  );
  expect(lines.at(-1)).toEqual({
    id: 1,
    ok: false,
    error: 'this agent runs no jobs: the one that does has the engine’s socket',
  });
});

test('other words are refused', async () => {
  const child = place.start(['serve']);
  child.stdin.end();
  await expect(exitOf(child)).resolves.toBe(64);
});
