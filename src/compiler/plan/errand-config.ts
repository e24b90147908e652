import { labels } from '../labels.ts';
import type { ContainerConfig } from './container-config.ts';
import { bareConfig } from './instance-config.ts';

/** What a container of ours is made for that does one thing and ends. */
export interface Errand {
  readonly name: string;
  /** The agent's. */
  readonly image: string;
  /** `none`, or `container:` and the id of the one in whose network it is done. */
  readonly network: string;
  /** What the kernel's packet filter is told, as nft(8) reads it. */
  readonly rules: string;
  /** The process that waits for it; null where that cannot be told. */
  readonly owner: string | null;
}

/** Whom the table of ours is for, in the network of a container. */
const TABLE = 'inet stackc';
/** Idempotent: nft deletes no table that is not there. */
const NOTHING = `table ${TABLE}\ndelete table ${TABLE}\n`;

/**
 * Refuses new connections to ports as the kernel does where nobody listens, with a reset; those that were made go on, and those
 * that a container makes to itself.
 */
export function refusing(ports: readonly number[]): string {
  const syn = 'tcp flags & (fin | syn | rst | ack) == syn';
  const rule = `iifname != "lo" tcp dport { ${ports.join(', ')} } ${syn} reject with tcp reset`;
  return `${NOTHING}table ${TABLE} {\n  chain refuse {\n    type filter hook input priority 0; policy accept;\n    ${rule}\n  }\n}\n`;
}

/** Takes that back. */
export const ADMITTING = NOTHING;

/** The create call for such a container: the right to change the filter of the network that it is in, and no other. */
export function errandConfig(stack: string, { name, image, network, rules, owner }: Errand): ContainerConfig {
  return {
    ...bareConfig(name, image),
    labels: {
      [labels.stack]: stack,
      [labels.role]: 'run',
      ...(owner === null ? {} : { [labels.runOwner]: owner }),
    },
    entrypoint: ['nft'],
    command: [rules],
    user: '0',
    network,
    capDrop: ['ALL'],
    capAdd: ['NET_ADMIN'],
    securityOpt: ['no-new-privileges'],
    readOnly: true,
    log: { driver: 'json-file', options: { 'max-size': '1m', 'max-file': '1' } },
  };
}
