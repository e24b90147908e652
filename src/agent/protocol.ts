import type { JobKey } from '../compiler/cron/job.ts';
import type { AskedBy } from '../compiler/cron/record.ts';
import type {
  ArrivalsRequest,
  PortArrivalsRequest,
  DrainPortsRequest,
  DrainRequest,
  LeaseRequest,
  LeaveRequest,
  PointRequest,
  ProbeRequest,
} from '../runtime/agent/agent-session.ts';

/** Raised when an older peer could misunderstand a newer one; both sides must have the same. */
export const PROTOCOL_VERSION = 10;

/** The longest line either side takes, in bytes. */
export const MAX_LINE_BYTES = 1024 * 1024;

/** The agent's first line. */
export interface Hello {
  readonly hello: 'stackc-agent';
  readonly protocol: number;
}

/** What can be asked of the agent, one JSON line each. Directories are absolute, below the volume root. */
export type AgentQuestion =
  | { readonly op: 'ping' }
  | ({ readonly op: 'probe' } & ProbeRequest)
  | {
      readonly op: 'publish';
      readonly directory: string;
      readonly link: string;
      readonly to: string;
      /** Where something is held: how long `to` may take to accept connections. */
      readonly waitMs: number;
    }
  | {
      readonly op: 'hold';
      readonly directory: string;
      readonly link: string;
      readonly as: string;
      readonly back: string;
      readonly kept: boolean;
      readonly limitMs: number;
    }
  | { readonly op: 'keep'; readonly directory: string; readonly name: string; readonly as: string }
  | { readonly op: 'restore'; readonly directory: string; readonly name: string; readonly from: string }
  | { readonly op: 'unlink'; readonly directory: string; readonly name: string }
  /** Lines for the stack's journal, each without its end; answered when they are on the disk. */
  | {
      readonly op: 'journal';
      readonly lines: readonly string[];
      readonly lease: string | null;
      readonly doing: string | null;
    }
  | ({ readonly op: 'lease'; readonly lease: string } & Omit<LeaseRequest, 'id'>)
  | { readonly op: 'free'; readonly lease: string }
  | { readonly op: 'holder' }
  | { readonly op: 'unlock'; readonly lease: string }
  /** The number of the newest revision in the journal; 0 where there is none. */
  | { readonly op: 'revision' }
  | ({ readonly op: 'arrivals' } & ArrivalsRequest)
  | ({ readonly op: 'port-arrivals' } & PortArrivalsRequest)
  | ({ readonly op: 'drain' } & DrainRequest)
  | ({ readonly op: 'drain-ports' } & DrainPortsRequest)
  | { readonly op: 'listeners'; readonly ports: readonly number[] }
  /** Who listens on these ports of the host, and how much room the engine's disk has. */
  | { readonly op: 'host'; readonly ports: readonly number[] }
  | ({ readonly op: 'point' } & PointRequest)
  | ({ readonly op: 'leave' } & LeaveRequest)
  | CronQuestion;

/** What can be asked of the agent that runs a stack's jobs. */
export interface CronQuestion {
  readonly op: 'cron-run' | 'cron-pause' | 'cron-resume';
  readonly job: JobKey;
  readonly by: AskedBy;
}

/** A question with the id that its answer carries. */
export type AgentRequest = AgentQuestion & { readonly id: number };

/** One JSON line. `result` is a `ProbeResult` for `probe`, a `DrainResult` for `drain` and `drain-ports`, a `TellResult` for `point` and `leave`, an `ArrivalsResult` for `arrivals`, a `PortArrivalsResult` for `port-arrivals`, a `ListenersResult` for `listeners`, a `HostResult` for `host`, what was handed over or null for `publish`, a number for `revision`, a `LeaseAnswer` for `lease`, a `LeaseLost` or null for `journal`, a `Holder` or null for `holder`, whether it was taken away for `unlock`, an `AskedRun` for `cron-run`, else null. The id is null when the request's could not be read. */
export type AgentAnswer =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number | null; readonly ok: false; readonly error: string };
