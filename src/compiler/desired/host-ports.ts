import type { ContainerSpec } from '../spec/container-spec.ts';
import type { Problems } from '../spec/problems.ts';
import type { Range } from '../span.ts';
import { portName, portsOverlap, type HostPort } from './host-port.ts';
import type { PortSpec } from './instance-spec.ts';

interface Claim {
  readonly container: ContainerSpec;
  readonly instance: string;
  readonly port: HostPort & PortSpec;
  readonly range: Range;
}

/** Ports of the host that containers of the stack take, each only once: `STK315`, or `STK316` among instances. */
export class HostPorts {
  readonly #claims = new Map<string, Claim[]>();
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  claim(container: ContainerSpec, instance: string, port: PortSpec, range: Range): void {
    const { hostPort } = port;
    if (hostPort === null) return;
    const claim = { container, instance, port: { ...port, hostPort }, range };
    const others = this.#claims.get(portName(port));
    if (others === undefined) {
      this.#claims.set(portName(port), [claim]);
      return;
    }
    const other = others.find((one) => portsOverlap(one.port, claim.port));
    if (other === undefined) others.push(claim);
    else this.#report(claim, other);
  }

  /** What is no container wants a port too, once all of those have theirs; `wants` are words: `agent.metrics`. */
  demand(port: HostPort, wants: string, range: Range): void {
    const other = this.#claims.get(portName(port))?.find((one) => portsOverlap(one.port, port));
    if (other === undefined) return;
    const owner = other.container.count > 1 ? other.instance : other.container.name;
    this.#problems.error(
      'STK315',
      `port ${portName(port)} of the host, which \`${wants}\` wants, is taken by \`${owner}\``,
      range,
      { related: [{ range: other.range, message: 'taken here' }], help: 'choose another port' },
    );
  }

  #report(claim: Claim, other: Claim): void {
    if (claim.container !== other.container) this.#reportTaken(claim, other);
    else if (claim.instance === other.instance) this.#reportTwice(claim, other);
    else this.#reportInstances(claim, other);
  }

  #reportTaken({ port, range }: Claim, other: Claim): void {
    const owner = other.container.count > 1 ? other.instance : other.container.name;
    this.#problems.error('STK315', `port ${portName(port)} of the host is taken by \`${owner}\``, range, {
      related: [{ range: other.range, message: 'taken here' }],
      help: 'choose another port, or another address of the host',
    });
  }

  #reportTwice({ instance, port, range }: Claim, other: Claim): void {
    this.#problems.error('STK315', `\`${instance}\` takes port ${portName(port)} of the host twice`, range, {
      related: [{ range: other.range, message: 'the first time' }],
      help: 'take one of the two out, or choose another port',
    });
  }

  #reportInstances({ container, instance, port, range }: Claim, other: Claim): void {
    const { name, count, countRange, scale } = container;
    const isOneEntry = range === other.range;
    this.#problems.error(
      'STK316',
      isOneEntry
        ? `\`${name}\` has ${scale === null ? '' : 'up to '}${count} instances, and only one can have port ${portName(port)} of the host`
        : `\`${instance}\` and \`${other.instance}\` both want port ${portName(port)} of the host`,
      range,
      {
        related: [
          isOneEntry
            ? { range: countRange, message: `\`${scale === null ? 'containers' : 'max'}: ${count}\`` }
            : { range: other.range, message: `what \`${other.instance}\` wants` },
        ],
        help: `let the engine choose (\`${port.containerPort}\`), put a balancer in front, or keep one instance`,
      },
    );
  }
}
