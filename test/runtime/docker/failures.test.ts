import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { connectEngine } from '../../../src/runtime/docker/docker-engine.ts';
import type { EngineLimits } from '../../../src/runtime/docker/engine-limits.ts';
import { parseHost } from '../../../src/runtime/docker/host-url.ts';
import { EngineError, type Engine, type EngineErrorKind } from '../../../src/runtime/engine.ts';
import {
  engineHeaders,
  fakeEngine,
  fakeHttp,
  fakeTcp,
  socketPath,
  type FakeServer,
} from '../../support/fake-engine.ts';
import { plainConfig } from '../../support/plain-config.ts';

const open: (FakeServer | { close(): void })[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

describe('connecting to', () => {
  it('a socket that is not there', async () => {
    const path = vacantPath();
    await fails(
      connect(path),
      'unreachable',
      `the engine at unix://${path} cannot be reached: there is no such socket`,
    );
  });

  it('a port that nobody serves', async () => {
    const { port } = await free();
    await fails(connectTo(`tcp://127.0.0.1:${port}`), 'unreachable', 'nothing listens there');
  });

  it('a file', async () => {
    const path = vacantPath();
    writeFileSync(path, '');
    await fails(connect(path), 'unreachable', /that is not a socket|nothing listens there/);
  });

  it('a host without a name', async () => {
    await fails(connectTo('tcp://engine.invalid:2375'), 'unreachable', 'the host name cannot be resolved');
  });

  it('what never answers', async () => {
    const server = await serving(fakeTcp(() => undefined));
    await fails(connect(server.path, { readMs: 100 }), 'timeout', 'did not answer within 0.1 s');
  });

  it('what never ends its answer', async () => {
    const server = await serving(fakeHttp((response) => void response.write('O')));
    await fails(connect(server.path, { readMs: 100 }), 'timeout', 'did not answer within 0.1 s');
  });

  it('what closes at once', async () => {
    const server = await serving(fakeTcp((socket) => socket.destroy()));
    await fails(connect(server.path), 'cut-off', 'closed the connection without an answer');
  });

  it('what closes in the middle of its answer', async () => {
    const server = await serving(
      fakeHttp((response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('O');
        setImmediate(() => response.destroy());
      }),
    );
    await fails(connect(server.path), 'cut-off', 'broke off in the middle of its answer');
  });

  it('what sends half of its headers', async () => {
    const server = await serving(fakeTcp((socket) => socket.end('HTTP/1.1 200 OK\r\nApi-Vers')));
    await fails(connect(server.path), 'cut-off', 'closed the connection without an answer');
  });

  it('a web server', async () => {
    const server = await serving(fakeHttp((response) => response.end('<html>\n<h1>It works!</h1></html>')));
    await fails(
      connect(server.path),
      'nonsense',
      `what answers at unix://${server.path} is not Docker Engine: it told no API version, but sent \`<html> <h1>It works!</h1></html>\``,
    );
  });

  it('a web server that knows no such page', async () => {
    const server = await serving(
      fakeHttp((response) => {
        response.statusCode = 404;
        response.end('<html>no</html>');
      }),
    );
    await fails(
      connect(server.path),
      'nonsense',
      "answered 404 with what is not Docker's: `<html>no</html>`",
    );
  });

  it('another JSON server', async () => {
    const server = await serving(fakeHttp((response) => response.end('{"hello": "world"}')));
    await fails(connect(server.path), 'nonsense', 'it told no API version, but sent `{"hello": "world"}`');
  });

  it('what is no HTTP', async () => {
    const server = await serving(fakeTcp((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    await fails(connect(server.path), 'nonsense', 'does not speak HTTP');
  });

  it('an engine in trouble', async () => {
    const server = await serving(
      fakeHttp((response) => {
        response.statusCode = 500;
        response.end('{"message": "no space left on device"}');
      }),
    );
    await fails(connect(server.path), 'server', 'no space left on device');
  });

  it('TLS that is none', async () => {
    const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    open.push({ close: () => void server.close() });
    await fails(connectTo(`https://127.0.0.1:${portOf(server)}`), 'unreachable', 'TLS failed');
  });

  it.each([
    [
      'old',
      { 'Api-Version': '1.40', Server: 'Docker/19.03.1 (linux)' },
      'Docker Engine 19.03.1 is too old: it speaks API 1.40, and 1.41 (Docker 20.10) is needed',
    ],
    [
      'new',
      { 'Api-Version': '9.99', Server: 'Docker/99.0 (linux)' },
      'Docker Engine 99.0 is too new: it speaks API 9.99, no longer 1.47, the newest that this stackc knows',
    ],
    ["old, and not Docker's", { 'Api-Version': '1.40', Server: 'Libpod/3.0' }, 'the engine is too old'],
  ])('an engine that is too %s', async (_age, headers, message) => {
    const server = await serving(
      fakeHttp((response, request) => {
        const isPinned = request.url !== '/_ping';
        response.writeHead(isPinned ? 400 : 200, headers);
        response.end(isPinned ? '{"message": "client version 1.47 is too old"}' : 'OK');
      }),
    );
    await fails(connect(server.path), 'invalid', message);
  });
});

describe('the API version', () => {
  it.each([
    ['1.41', ['/_ping', '/v1.41/info']],
    ['1.47', ['/_ping', '/v1.47/info']],
    ['1.52', ['/_ping', '/v1.47/_ping', '/v1.47/info']],
  ])('of an engine that speaks %s', async (offered, wanted) => {
    const urls: (string | undefined)[] = [];
    const server = await serving(
      fakeHttp((response, request) => {
        urls.push(request.url);
        response.setHeader('Api-Version', offered);
        response.end('{}');
      }),
    );
    const engine = await connect(server.path);
    await engine.facts();
    expect(urls).toEqual(wanted);
  });
});

describe('an answer that breaks off', () => {
  it('of a list', async () => {
    const engine = await connect((await cutAfter('[{"Id": "a"')).path);
    await fails(engine.listContainers([]), 'cut-off', 'broke off');
  });

  it('of a pull', async () => {
    const engine = await connect((await cutAfter('{"status": "Pulling"}\n{"sta')).path);
    const lines: string[] = [];
    await fails(
      engine.pullImage('a:1', null, null, (line) => lines.push(line)),
      'cut-off',
      'broke off',
    );
    expect(lines).toEqual(['Pulling']);
  });

  it('of a log', async () => {
    const server = await serving(
      fakeEngine((url, response) => {
        if (url.endsWith('/json')) return response.end('{"Config": {"Tty": false}}');
        response.write(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 104, 105]));
        return setTimeout(() => response.destroy(), 10);
      }),
    );
    const engine = await connect(server.path);
    let text = '';
    const read = async () => {
      for await (const { data } of engine.logs('x', { tail: null, follow: true, timestamps: false })) {
        text += Buffer.from(data).toString('utf8');
      }
    };
    await fails(read(), 'cut-off', 'broke off');
    expect(text).toBe('hi');
  });

  it('of a wait', async () => {
    const server = await serving(
      fakeEngine((url, response) => {
        if (!url.includes('/wait')) return response.end(JSON.stringify(inspectAnswer));
        response.flushHeaders();
        return setTimeout(() => response.destroy(), 50);
      }),
    );
    await fails((await connect(server.path)).waitContainer('x'), 'cut-off', 'broke off');
  });
});

describe('a pull', () => {
  it.each<[string, EngineErrorKind]>([
    ['pull access denied for x, repository does not exist or may require authorization', 'denied'],
    ['unauthorized: authentication required', 'denied'],
    ['manifest for x:1 not found: manifest unknown: manifest unknown', 'not-found'],
    ['dial tcp: lookup r.example on 127.0.0.53:53: no such host', 'server'],
  ])('that fails inside its stream: %s', async (message, kind) => {
    const engine = await pulling([{ status: 'Pulling' }, { errorDetail: { message }, error: message }]);
    await fails(
      engine.pullImage('x:1', null, null, () => undefined),
      kind,
      message,
    );
  });

  it('never tells a password', async () => {
    const engine = await pulling([{ message: 'login as u with hunter2 failed' }], 500);
    const auth = { username: 'u', password: 'hunter2', serverAddress: 'r' };
    await fails(
      engine.pullImage('x:1', null, auth, () => undefined),
      'server',
      'login as u with *** failed',
    );
  });

  it('tells each state of a layer once', async () => {
    const lines: string[] = [];
    const engine = await pulling([
      { status: 'Pulling from x', id: '1' },
      { status: 'Downloading', id: 'abc', progressDetail: { current: 1 } },
      { status: 'Downloading', id: 'abc', progressDetail: { current: 2 } },
      { status: 'Pull complete', id: 'abc' },
      { status: 'Digest: sha256:1' },
    ]);
    await engine.pullImage('x', null, null, (line) => lines.push(line));
    expect(lines).toEqual([
      '1: Pulling from x',
      'abc: Downloading',
      'abc: Pull complete',
      'Digest: sha256:1',
    ]);
  });

  it('without a sign of life is given up', async () => {
    const server = await serving(fakeEngine((_url, response) => response.flushHeaders()));
    const engine = await connect(server.path, { pullSilenceMs: 100 });
    await fails(
      engine.pullImage('x', null, null, () => undefined),
      'timeout',
      'did not answer within 0.1 s',
    );
  });

  it('pushes one tag, with credentials in a header, and says why it cannot', async () => {
    const asked: [string, unknown][] = [];
    const server = await serving(
      fakeEngine((url, response, request) => {
        asked.push([url, request.headers['x-registry-auth']]);
        response.end(
          asked.length === 1
            ? '{"status": "Pushed", "id": "aa"}\n{"status": "Pushed", "id": "aa"}\n'
            : '{"errorDetail": {"message": "no basic auth credentials"}, "error": "no basic auth credentials"}\n',
        );
      }),
    );
    const engine = await connect(server.path);
    const auth = { username: 'anna', password: 'word', serverAddress: 'r.example:5000' };
    const lines: string[] = [];
    await engine.pushImage('r.example:5000/shop/app:ab12', auth, (line) => lines.push(line));
    expect(lines).toEqual(['aa: Pushed']);
    await expect(engine.pushImage('r.example/app:1', null, () => undefined)).rejects.toMatchObject({
      kind: 'denied',
      operation: 'push r.example/app:1',
    });
    expect(asked.map(([url]) => decodeURIComponent(url))).toEqual([
      '/images/r.example:5000/shop/app/push?tag=ab12',
      '/images/r.example/app/push?tag=1',
    ]);
    const [first, second] = asked.map(([, header]) =>
      JSON.parse(Buffer.from(String(header), 'base64url').toString()),
    );
    expect(first).toEqual({ username: 'anna', password: 'word', serveraddress: 'r.example:5000' });
    expect(second).toEqual({ username: '', password: '', serveraddress: '' });
  });

  it('asks for one tag, and sends its credentials in a header', async () => {
    const asked: [string, unknown][] = [];
    const server = await serving(
      fakeEngine((url, response, request) => {
        asked.push([url, request.headers['x-registry-auth']]);
        response.end('{"status": "ok"}\n');
      }),
    );
    const engine = await connect(server.path);
    const auth = { username: 'ü?', password: 'p>', serverAddress: 'r.example' };
    await engine.pullImage('r.example:5000/x', 'linux/arm64', auth, () => undefined);
    await engine.pullImage('x@sha256:12', null, null, () => undefined);
    expect(asked.map(([url]) => url)).toEqual([
      '/images/create?fromImage=r.example%3A5000%2Fx&tag=latest&platform=linux%2Farm64',
      '/images/create?fromImage=x&tag=sha256%3A12',
    ]);
    const header = String(asked[0]?.[1]);
    expect(header).toMatch(/^[\w=-]+$/);
    expect(JSON.parse(Buffer.from(header, 'base64url').toString('utf8'))).toEqual({
      username: 'ü?',
      password: 'p>',
      serveraddress: 'r.example',
    });
    expect(asked[1]?.[1]).toBeUndefined();
  });
});

it('a registry that is slow to answer keeps nobody waiting but who asks it', async () => {
  const server = await serving(
    fakeEngine((url, response) => {
      if (!url.startsWith('/distribution/')) response.end(JSON.stringify([{ Name: 'v' }]));
    }),
  );
  const engine = await connect(server.path);
  const digest = engine.registryDigest('r.example/x:1', null, 5000);
  const networks = engine.listNetworks([]);
  expect(await networks).toEqual(['v']);
  engine.close();
  await expect(digest).rejects.toBeInstanceOf(EngineError);
});

describe('a rename and a policy', () => {
  it.each<[string, EngineErrorKind]>([
    ['sandbox 26e39bcaf1fd not found', 'between-runs'],
    ['Cannot update container 07ff: cannot update a stopped container: unknown', 'between-runs'],
    ['Cannot update container 07ff: cannot update a deleted process: unknown', 'between-runs'],
    [
      'Cannot update container 07ff: runc did not terminate successfully: exit status 1: container not running\n: unknown',
      'between-runs',
    ],
    ['write /var/lib/docker/containers/07ff/config.v2.json: no space left on device', 'server'],
  ])('around the end of a container: %s', async (message, kind) => {
    const server = await serving(
      fakeEngine((_, response) => {
        response.writeHead(500, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ message }));
      }),
    );
    const engine = await connect(server.path);
    const words = kind === 'server' ? message : 'it has ended';
    await fails(engine.renameContainer('07ff', 'x'), kind, words);
    await fails(engine.updateRestart('07ff', 'no', 0), kind, words);
  });
});

describe('a create', () => {
  it('never tells a value in its failure', async () => {
    const server = await serving(
      fakeEngine((_url, response) => {
        response.statusCode = 400;
        response.end('{"message": "invalid environment variable: TOKEN=hunter2"}');
      }),
    );
    const config = plainConfig({ name: 'x', image: 'y', env: ['TOKEN=hunter2'] });
    await fails((await connect(server.path)).createContainer(config), 'invalid', 'variable: TOKEN=***');
  });
});

describe('an exec', () => {
  it('through what hands no connection over', async () => {
    const server = await serving(fakeEngine((_url, response) => response.end('{"Id": "e"}')));
    const session = (await connect(server.path)).exec('x', { command: ['a'], tty: false, stdin: false });
    await fails(session, 'nonsense', 'it hands no connection over');
  });

  it('whose connection is lost', async () => {
    const server = await serving(
      fakeTcp((socket) => {
        socket.on('data', (chunk: Buffer) => {
          const request = chunk.toString('latin1');
          const head = Object.entries(engineHeaders).map((pair) => `${pair.join(': ')}\r\n`);
          if (!request.includes('/start')) {
            socket.write(`HTTP/1.1 200 OK\r\n${head.join('')}Content-Length: 11\r\n\r\n{"Id": "e"}`);
            return;
          }
          socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
          socket.end(Buffer.from([1, 0, 0, 0, 0, 0, 0, 9, 104, 105]));
        });
      }),
    );
    const session = await (await connect(server.path)).exec('x', {
      command: ['a'],
      tty: false,
      stdin: false,
    });
    const read = async () => {
      for await (const data of session.stdout) expect(Buffer.from(data).toString('utf8')).toBe('hi');
    };
    await fails(read(), 'cut-off', 'broke off');
    await fails(session.exitCode, 'cut-off', 'broke off');
  });
});

const inspectAnswer = {
  Id: 'x',
  Name: '/x',
  State: { Status: 'running', ExitCode: 0, StartedAt: '2026-01-01T00:00:00Z' },
  Config: {},
  HostConfig: {},
};

async function serving(server: Promise<FakeServer>): Promise<FakeServer> {
  const started = await server;
  open.push(started);
  return started;
}

function connect(path: string, limits: Partial<EngineLimits> = {}): Promise<Engine> {
  return connectTo(`unix://${path}`, limits);
}

async function connectTo(address: string, limits: Partial<EngineLimits> = {}): Promise<Engine> {
  const engine = await connectEngine(parseHost(address), limits);
  open.push(engine);
  return engine;
}

/** A port where nothing listens. */
async function free(): Promise<{ port: number }> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const port = portOf(server);
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return { port };
}

function portOf(server: ReturnType<typeof createServer>): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function fails(call: Promise<unknown>, kind: EngineErrorKind, message: string | RegExp): Promise<void> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EngineError)) throw new Error(`no EngineError but ${String(error)}`);
  if (typeof message === 'string') expect(error.message).toContain(message);
  else expect(error.message).toMatch(message);
  expect(error.kind).toBe(kind);
}

/** An engine whose pulls tell these lines. */
async function pulling(lines: readonly object[], status = 200): Promise<Engine> {
  const server = await serving(
    fakeEngine((_url, response) => {
      response.statusCode = status;
      response.end(lines.map((line) => `${JSON.stringify(line)}\r\n`).join(''));
    }),
  );
  return connect(server.path);
}

/** An engine that sends only this of its answers, and closes. */
function cutAfter(text: string): Promise<FakeServer> {
  return serving(
    fakeEngine((_url, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write(text);
      setTimeout(() => response.destroy(), 10);
    }),
  );
}

/** A path in a folder of its own, where nothing is. */
function vacantPath(): string {
  const path = socketPath();
  open.push({ close: () => rmSync(dirname(path), { recursive: true, force: true }) });
  return path;
}

describe('what is just being made', () => {
  const UNMADE = '{"message":"RWLayer of container c1 is unexpectedly nil"}';

  it('is asked again', async () => {
    let asked = 0;
    const server = await serving(
      fakeEngine((_, response) => {
        asked += 1;
        response.statusCode = asked < 3 ? 500 : 404;
        response.end(asked < 3 ? UNMADE : '{"message":"no such file"}');
      }),
    );
    const engine = await connect(server.path);
    expect(await engine.fetchFile('c1', '/file')).toBeNull();
    expect(asked).toBe(3);
  });

  it('and stays a failure when it is never made', async () => {
    const server = await serving(
      fakeEngine((_, response) => {
        response.statusCode = 500;
        response.end(UNMADE);
      }),
    );
    const engine = await connect(server.path);
    await fails(engine.fetchFile('c1', '/file'), 'server', 'unexpectedly nil');
  });
});
