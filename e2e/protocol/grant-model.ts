/** One DpuSet with maxUnavailable 1, its hosts (a Dpu each), users, failures, and dpuset-controller in two replicas. */
import { codecFor } from './codec.ts';
import type { Broken } from './invariants.ts';
import { stepper, type Emit, type Model, type Step } from './model.ts';
import type { Rules } from './rules.ts';

interface Grant {
  number: number;
  uid: number;
}
interface Dpu {
  uid: number;
  gone: number;
  /** Revisions: of the spec, on the card, being flashed while busy. */
  spec: number;
  provisioned: number;
  flashing: number;
  busy: number;
  /** Last grant patched. */
  number: number;
  sick: number;
  /** Its sickness stands in DpuSet.status. */
  noted: number;
}
/** A write that a replica has decided on what it read: of the DpuSet (up to GiveUp) or of a Dpu. */
interface Intent {
  kind: number;
  host: number;
  /** A revision or a number, as it was read. */
  first: number;
  second: number;
  uid: number;
}
interface GrantState {
  faults: number;
  wrong: number;
  /** Revision of the template. */
  target: number;
  /** Last number given. */
  count: number;
  grants: Grant[];
  dpus: Dpu[];
  replicas: Intent[];
}

const Does = { Grant: 1, GiveBack: 2, GiveUp: 3, Patch: 4, Create: 5 } as const;
const NO_INTENT: Intent = { kind: 0, host: 0, first: 0, second: 0, uid: 0 };
const NO_GRANT: Grant = { number: 0, uid: 0 };
const revision = (index: number) => 'AB'[index]!;
const isDisrupted = (dpu: Dpu): boolean => !dpu.gone && (dpu.busy > 0 || dpu.spec !== dpu.provisioned);

function initial(hosts: number): GrantState {
  return {
    faults: 0,
    wrong: 0,
    target: 0,
    count: 0,
    grants: Array.from({ length: hosts }, () => ({ ...NO_GRANT })),
    dpus: Array.from({ length: hosts }, () => ({
      uid: 1,
      gone: 0,
      spec: 0,
      provisioned: 0,
      flashing: 0,
      busy: 0,
      number: 0,
      sick: 0,
      noted: 0,
    })),
    replicas: [{ ...NO_INTENT }, { ...NO_INTENT }],
  };
}

export function grantModel({ hosts, faults }: { hosts: number; faults: number }, rules: Rules): Model<GrantState> {
  const { clone, pack, unpack } = codecFor(initial(hosts));
  return {
    name: `1 DpuSet, ${hosts} hosts`,
    faults,
    initial: () => initial(hosts),
    key: pack,
    unpack,
    steps: (state, emit: Emit<GrantState>) => {
      const step = stepper(state, clone, { faults, only: [] }, emit);
      state.dpus.forEach((_, host) => {
        controller(state, rules, step, host);
        world(state, step, host);
      });
      replicasGoOn(state, rules, step);
      step(
        () => `user: template changed to revision ${revision(1 - state.target)}`,
        (next) => {
          next.target = 1 - state.target;
          setWritten(next, rules);
        },
        'template change',
      );
    },
    broken,
    goal: (state) =>
      state.dpus.every(
        (dpu, host) => !state.grants[host]!.number && !dpu.gone && !dpu.sick && !isDisrupted(dpu) && dpu.provisioned === state.target,
      ),
  };
}

function broken(state: GrantState): Broken | undefined {
  const out = state.dpus.flatMap((dpu, host) => (state.grants[host]!.number || isDisrupted(dpu) ? [host] : []));
  if (out.length > 1) return `I7 hosts ${out.join(' and ')} are granted or disrupted, maxUnavailable is 1`;
  if (state.wrong) return 'I7 granted although a failure that uses up maxUnavailable stands in DpuSet.status';
  return undefined;
}

/** What a worker wants that has read the Dpus (to write the DpuSet), or the DpuSet (to write a Dpu). */
function wants(state: GrantState, rules: Rules, host: number): Intent[] {
  const dpu = state.dpus[host]!;
  const grant = state.grants[host]!;
  const intents: Intent[] = [];
  const want = (kind: number, first: number, second: number, uid: number) => intents.push({ kind, host, first, second, uid });
  const budgetIsFree = !state.dpus.some((other, i) => isDisrupted(other) || (other.sick && i !== host));
  if (!dpu.gone && budgetIsFree) want(Does.Grant, dpu.spec, 0, dpu.uid);
  if (!dpu.gone && !dpu.busy && !dpu.sick && (dpu.spec === dpu.provisioned || !rules('release-numbered')))
    want(Does.GiveBack, dpu.number, dpu.provisioned, dpu.uid);
  if (grant.number && rules('grant-names-uid') && (dpu.gone || dpu.uid !== grant.uid)) want(Does.GiveUp, grant.number, 0, 0);
  if (grant.number) want(Does.Patch, state.target, grant.number, grant.uid);
  if (dpu.gone) want(Does.Create, state.target, 0, 0);
  return intents;
}

/** The write, decided on the written object as it is now. Undefined: nothing to do, or not allowed. */
function write(state: GrantState, rules: Rules, { kind, host, first, second, uid }: Intent): ((next: GrantState) => void) | undefined {
  const dpu = state.dpus[host]!;
  const grant = state.grants[host]!;
  const named = (other: number): boolean => other === uid || !rules('grant-names-uid');
  const giveBack = (next: GrantState): void => {
    next.grants[host] = { ...NO_GRANT };
    setWritten(next, rules);
  };
  switch (kind) {
    case Does.Grant:
      if (state.grants.some((other) => other.number) || first === state.target) return undefined;
      return (next) => {
        next.grants[host] = { number: ++next.count, uid };
        if (state.dpus.some((other, i) => i !== host && other.noted)) next.wrong = 1;
        setWritten(next, rules);
      };
    case Does.GiveBack: {
      const done = rules('release-numbered') ? first === grant.number && named(grant.uid) : second === state.target;
      return grant.number && done ? giveBack : undefined;
    }
    case Does.GiveUp:
      return grant.number === first ? giveBack : undefined;
    case Does.Patch: {
      const newer = rules('grant-numbered')
        ? dpu.number < second || (dpu.number === second && dpu.spec !== first && !rules('release-numbered'))
        : dpu.number !== second || dpu.spec !== first;
      if (dpu.gone || !named(dpu.uid) || !newer) return undefined;
      return (next) => void Object.assign(next.dpus[host]!, { spec: first, number: second });
    }
    case Does.Create:
      // First provisioning is not counted.
      if (!dpu.gone) return undefined;
      return (next) => void Object.assign(next.dpus[host]!, { uid: dpu.uid + 1, gone: 0, spec: first, provisioned: first });
    default:
      throw new Error(`no write: ${kind}`);
  }
}

/** Every write of the DpuSet makes stopped writers of the DpuSet fail, if they had read it first. */
function setWritten(next: GrantState, rules: Rules): void {
  if (!rules('set-before-list')) return;
  next.replicas.forEach((replica, i) => {
    if (replica.kind && replica.kind < Does.Patch) next.replicas[i] = { ...NO_INTENT };
  });
}

function controller(state: GrantState, rules: Rules, step: Step<GrantState>, host: number): void {
  const free = state.replicas.findIndex((replica) => !replica.kind);
  for (const intent of wants(state, rules, host)) {
    const change = write(state, rules, intent);
    if (change) step(() => `dpuset-controller ${inWords(intent)}`, change);
    if (free >= 0)
      step(
        () => `replica ${'XY'[free]} has read what it needs and stops before it ${inWords(intent)}`,
        (next) => void (next.replicas[free] = { ...intent }),
        'stopped replica',
      );
  }
  const dpu = state.dpus[host]!;
  if (dpu.sick && !dpu.noted)
    step(
      () => `dpuset-controller writes to DpuSet.status that host ${host} is unavailable`,
      (next) => {
        next.dpus[host]!.noted = 1;
        setWritten(next, rules);
      },
    );
}

function world(state: GrantState, step: Step<GrantState>, host: number): void {
  const dpu = state.dpus[host]!;
  const becomes = (what: string, fields: Partial<Dpu>, fault?: string) =>
    step(
      () => `host ${host}: ${what}`,
      (next) => void Object.assign(next.dpus[host]!, fields),
      fault,
    );
  if (!dpu.gone && !dpu.busy && dpu.spec !== dpu.provisioned)
    becomes(`flash to ${revision(dpu.spec)} begins`, { busy: 1, flashing: dpu.spec });
  if (dpu.busy) becomes(`Ready at ${revision(dpu.flashing)}`, { busy: 0, flashing: 0, provisioned: dpu.flashing });
  if (dpu.sick) becomes('recovers', { sick: 0, noted: 0 });
  else if (!dpu.gone) becomes('becomes unavailable by itself', { sick: 1 }, 'host fails');
  if (!dpu.gone && !dpu.busy)
    becomes('Dpu deleted by a user', { gone: 1, spec: 0, provisioned: 0, number: 0, sick: 0, noted: 0 }, 'Dpu deleted');
}

function replicasGoOn(state: GrantState, rules: Rules, step: Step<GrantState>): void {
  state.replicas.forEach((intent, i) => {
    if (!intent.kind) return;
    const change = write(state, rules, intent);
    step(
      () => `replica ${'XY'[i]} goes on: ${change ? inWords(intent) : 'nothing to do, or conflict'}`,
      (next) => {
        next.replicas[i] = { ...NO_INTENT };
        change?.(next);
      },
    );
  });
}

function inWords({ kind, host, first, second, uid }: Intent): string {
  switch (kind) {
    case Does.Grant:
      return `grants host ${host} (u${uid})`;
    case Does.GiveBack:
      return `gives back the grant of host ${host} (saw ${revision(second)} Ready)`;
    case Does.GiveUp:
      return `gives up grant ${first}, its Dpu is gone`;
    case Does.Patch:
      return `patches host ${host} (grant ${second}, u${uid}) to revision ${revision(first)}`;
    default:
      return `creates the Dpu of host ${host} at revision ${revision(first)}`;
  }
}
