/** Faults as they are asked for: what is done, to which requests, how often, for how long. */
import type { Asked } from './asked.ts';

/** Each kind with what it does to a request that it is dealt to. */
export const KINDS = {
  latency: 'the request is taken up `milliseconds` later',
  throttle: 'answered 429 with Retry-After `retryAfterSeconds`, nothing is done',
  unavailable: 'answered 503, nothing is done',
  reset: 'the connection is reset, nothing is done',
  errorAfterWrite: 'a write is done and then answered 500',
  resetAfterWrite: 'a write is done, then the connection is reset without an answer',
  silentWatch: 'the watch stays open and says nothing more, open ones too',
  dropEvent: 'an event is left out of a watch that otherwise goes on',
  compact:
    'what happened before is forgotten: open watches end with 410, older resourceVersions and continue tokens get 410, also when the fault is over',
  restart: 'all connections are cut and refused for `milliseconds` (and until the owner has restarted the server); state is kept',
} as const;

export type Kind = keyof typeof KINDS;

/** Absent: any. */
export interface Match {
  /** get, list, watch, create, update, patch, delete, deletecollection. */
  verbs?: string[];
  /** Plurals, with their subresource: `dpus`, `dpus/status`. */
  resources?: string[];
  namespaces?: string[];
  names?: string[];
  /** A prefix of the User-Agent. */
  userAgent?: string;
}

export interface FaultSpec {
  /** Default: the kind and a number. */
  id?: string;
  kind: Kind;
  match?: Match;
  /** Which part of the matching requests (of dropEvent: events) it is dealt to, 0 to 1; default 1. */
  share?: number;
  /** It is dealt this often and then over. */
  count?: number;
  /** It is over after this time; default: when it is removed. */
  seconds?: number;
  /** latency: default 100; restart: default 1000. */
  milliseconds?: number;
  /** throttle: default 1. */
  retryAfterSeconds?: number;
}

const WRITES = ['create', 'update', 'patch', 'delete', 'deletecollection'];
/** The verbs that a kind can be dealt to. */
const VERBS: Partial<Record<Kind, string[]>> = {
  errorAfterWrite: WRITES,
  resetAfterWrite: WRITES,
  silentWatch: ['watch'],
  dropEvent: ['watch'],
  compact: ['watch', 'list'],
};

const includes = (list: string[] | undefined, value: string) => list === undefined || list.includes(value);

export function matches({ kind, match = {} }: FaultSpec, asked: Asked): boolean {
  return (
    includes(VERBS[kind], asked.verb) &&
    includes(match.verbs, asked.verb) &&
    includes(match.resources, asked.resource) &&
    includes(match.namespaces, asked.namespace) &&
    includes(match.names, asked.name) &&
    (match.userAgent === undefined || asked.userAgent.startsWith(match.userAgent))
  );
}

const isNumber = (value: unknown) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isTexts = (value: unknown) => Array.isArray(value) && value.every(isText);
const FIELDS: Record<string, (value: unknown) => boolean> = {
  id: isText,
  kind: (value) => typeof value === 'string' && Object.hasOwn(KINDS, value),
  match: (value) => typeof value === 'object' && value !== null && Object.entries(value).every(([name, item]) => MATCH[name]?.(item)),
  share: (value) => isNumber(value) && (value as number) <= 1,
  count: isNumber,
  seconds: isNumber,
  milliseconds: isNumber,
  retryAfterSeconds: isNumber,
};
const MATCH: Record<string, (value: unknown) => boolean> = {
  verbs: isTexts,
  resources: isTexts,
  namespaces: isTexts,
  names: isTexts,
  userAgent: isText,
};

/** @throws Error naming the field that is wrong */
export function parseFault(value: unknown): FaultSpec {
  if (typeof value !== 'object' || value === null) throw new Error('a fault is an object');
  for (const [name, item] of Object.entries(value))
    if (!FIELDS[name]?.(item))
      throw new Error(`${name}: ${JSON.stringify(item)} is not a fault's ${name}; kinds: ${Object.keys(KINDS).join(', ')}`);
  if (!('kind' in value)) throw new Error(`kind is missing; kinds: ${Object.keys(KINDS).join(', ')}`);
  return value as FaultSpec;
}
