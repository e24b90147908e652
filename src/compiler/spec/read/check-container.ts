import type { WrittenContainer } from '../container-spec.ts';
import { plainText } from '../template.ts';
import type { Fields, Reader } from './reader.ts';

/** Keys that only mean something for a container that keeps running. */
const NOT_FOR_CRON = [
  'restart',
  'startup_time',
  'health',
  'strategy',
  'socket',
  'balancer',
  'migration',
  'quiet_signal',
  'on_failure',
  'monitor',
  'canary',
] as const;

/** Reports keys of one container that contradict each other, and values that mean nothing here. */
export function checkContainer(container: WrittenContainer, fields: Fields, reader: Reader): void {
  checkCron(container, fields, reader);
  checkNetwork(container, fields, reader);
  checkHostname(container, reader);
  checkLabels(container, reader);
  checkFiles(container, fields, reader);
  checkTold(container, fields, reader);
  checkBalancer(container, fields, reader);
}

function checkCron(container: WrittenContainer, fields: Fields, reader: Reader): void {
  const cron = fields.get('cron');
  if (container.mode !== 'cron') {
    for (const key of ['cron', 'heartbeat']) {
      const field = fields.get(key);
      if (field === undefined) continue;
      reader.problems.error(
        'STK326',
        `\`${key}\` is only for \`deploy: cron\`, not \`${container.mode}\``,
        field.keyRange,
      );
    }
    return;
  }
  if (cron === undefined && !reader.isMisspelt(fields, 'cron')) {
    reader.problems.error(
      'STK321',
      `the cron container \`${container.name}\` has no schedule`,
      container.range,
      {
        help: 'write `cron: "30 3 * * *"`, or an object with `minute`, `hour` and so on',
      },
    );
  }
  for (const key of NOT_FOR_CRON) {
    const field = fields.get(key);
    if (field === undefined) continue;
    reader.problems.error('STK326', `\`${key}\` means nothing for a cron container`, field.keyRange, {
      help: 'take it out: each run starts once, ends by itself and is removed',
    });
  }
  const ports = fields.get('ports');
  if (ports !== undefined) {
    reader.problems.warn('STK363', '`ports` of a cron container are not published', ports.keyRange, {
      help: 'take them out: two runs may go on at the same time, and cannot have one port of the host; others of the stack reach a run by its network',
    });
  }
  const count = fields.get('containers');
  if (count?.value.kind === 'scalar' && Number(count.value.value) !== 1) {
    reader.problems.warn(
      'STK363',
      'a cron container has one runner, whatever `containers` says',
      count.value.range,
      {
        help: 'use `cron.overlap` to say what happens when a run is due while another one lasts',
      },
    );
  }
}

function checkNetwork(container: WrittenContainer, fields: Fields, reader: Reader): void {
  const { mode, range } = container.network;
  if (mode === 'stack') return;
  const most = container.scale?.max ?? container.count;
  if (mode === 'host' && container.port !== null && most > 1) {
    const { port, range: portRange } = container.port;
    reader.problems.error(
      'STK316',
      `\`${container.name}\` has ${container.scale === null ? '' : 'up to '}${most} instances, and only one can listen on port ${port} of the host`,
      portRange,
      {
        related: [{ range, message: '`network: host`' }],
        help: 'keep one instance, or use the network of the stack',
      },
    );
  }
  for (const key of ['ports', 'networks', 'links', 'extra_hosts'] as const) {
    const field = fields.get(key);
    // A container without any network may still be given names; with the host's, only names in /etc/hosts work.
    if (field === undefined || (key === 'extra_hosts' && mode === 'host')) continue;
    reader.problems.error('STK326', `\`${key}\` cannot be used with \`network: ${mode}\``, field.keyRange, {
      related: [{ range, message: `\`network: ${mode}\`` }],
      help:
        key === 'ports' && mode === 'host'
          ? 'the container listens on the host itself: write `port` to say where'
          : `take out \`${key}\` or \`network\``,
    });
  }
}

/** The published example has it, and its author meant `%{opsworks}`. */
function checkHostname(container: WrittenContainer, reader: Reader): void {
  const { hostname } = container;
  if (hostname === null || plainText(hostname) !== 'opsworks') return;
  reader.problems.warn('STK358', 'the host name is the literal text `opsworks`', hostname.place.range, {
    help: 'did you mean `%{opsworks}`, the stack and host?',
  });
}

function checkLabels(container: WrittenContainer, reader: Reader): void {
  for (const { name, range } of container.labels) {
    if (name === '' || name.startsWith('io.stackc.')) {
      reader.problems.error('STK332', `\`${name}\` cannot be a label here`, range, {
        help: 'labels under `io.stackc.` are how stackc knows its own containers',
      });
    }
  }
}

/** Where a socket moves, nobody is told anything. */
function checkBalancer({ socket }: WrittenContainer, fields: Fields, reader: Reader): void {
  const field = fields.get('balancer');
  if (field === undefined || socket === null) return;
  reader.problems.warn('STK363', '`balancer` has no effect for a container with a `socket`', field.keyRange, {
    help: 'take it out: the balancer finds each new generation at the same path',
  });
}

/** Whom a job tells what is put into its template as a file. */
function checkTold(
  { limits, notifications, cron, heartbeat }: WrittenContainer,
  fields: Fields,
  reader: Reader,
): void {
  const readOnly = fields.get('read_only');
  if (!limits.readOnly || readOnly === undefined || cron === null) return;
  const isTold =
    heartbeat !== null || Object.values(cron.onFailure ?? notifications).some((each) => each !== null);
  if (!isTold) return;
  reader.problems.error(
    'STK367',
    'whom a job tells of its runs cannot be kept for a container that is `read_only`',
    readOnly.keyRange,
    { help: 'take `read_only` out, or `heartbeat`, `notifications` and `cron.on_failure`' },
  );
}

function checkFiles({ files, limits, mode }: WrittenContainer, fields: Fields, reader: Reader): void {
  const [first] = files;
  if (first === undefined) return;
  const readOnly = fields.get('read_only');
  if (limits.readOnly && readOnly !== undefined) {
    reader.problems.error(
      'STK367',
      `\`${first.path}\` cannot be put into a container that is \`read_only\``,
      first.range,
      {
        related: [{ range: readOnly.keyRange, message: '`read_only`' }],
        help: 'the engine writes no file there, not even before the start: take one of the two out',
      },
    );
  }
  for (const { reload, range, path } of files) {
    if (mode !== 'cron' || reload === null) continue;
    reader.problems.warn('STK363', `\`reload\` of \`${path}\` means nothing for a cron container`, range, {
      help: 'take it out: each run gets its files anew',
    });
  }
}
