import { once } from 'node:events';
import { createServer } from 'node:net';

/** A server of a haproxy as its runtime socket tells of it. */
export interface FakeServer {
  /** `app/app0`. */
  readonly name: string;
  address: string;
  /** 0: it has none of its own. */
  port?: number;
  up?: boolean;
  admin?: number;
  weight?: number;
}

/** A haproxy's runtime socket at a path, which keeps its servers as it is told and every command in `asked`. */
export async function fakeHaproxy(
  path: string,
  servers: readonly FakeServer[],
  answers: (command: string) => string | null = () => null,
): Promise<{ readonly asked: string[]; close(): void }> {
  const asked: string[] = [];
  const answer = (command: string): string => {
    const own = answers(command);
    if (own !== null) return own;
    if (command === 'show servers state') return stateOf(servers);
    const [, name, key, value = ''] = /^set server (\S+) (addr|state) (\S+)$/.exec(command) ?? [];
    const server = servers.find((each) => each.name === name);
    if (server === undefined) return 'No such server.\n';
    if (key === 'addr') {
      const before = server.address;
      server.address = value;
      return `IP changed from '${before}' to '${value}' by 'stats socket command'\n`;
    }
    server.admin = { ready: 0, drain: 8, maint: 1 }[value] ?? 0;
    if (value === 'ready') server.up ??= true;
    return '\n';
  };
  const listener = createServer((socket) => {
    let text = '';
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.endsWith('\n')) return;
      asked.push(text.trim());
      socket.end(answer(text.trim()));
    });
  });
  listener.listen(path);
  await once(listener, 'listening');
  return { asked, close: () => listener.close() };
}

/** As haproxy 2.6 prints it, without the columns that nobody reads. */
function stateOf(servers: readonly FakeServer[]): string {
  const columns = 'be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_port';
  const rows = servers.map(({ name, address, port = 0, up = true, admin = 0, weight = 1 }, i) => {
    const [backend = '', server = ''] = name.split('/');
    return [3, backend, i + 1, server, address, up ? 2 : 0, admin, weight, port].join(' ');
  });
  return `${['1', `# ${columns}`, ...rows].join('\n')}\n\n`;
}
