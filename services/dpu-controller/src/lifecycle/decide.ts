/** decide: facts in, decision out. Follows the phases as far as these facts reach, so that one status write says it all. */
import { PHASES, type DpuStatus, type Phase } from '@dpf/api';
import { recheckOf, withDeadline } from './deadlines.ts';
import { phaseOf } from './facts.ts';
import { withFormerClusters } from './former-clusters.ts';
import { GUARDS } from './guards.ts';
import { withHold } from './hold.ts';
import type { Observed } from './observed.ts';
import type { Effect, Outcome, Stay } from './outcome.ts';
import { HANDLERS } from './phases/index.ts';
import { withReport } from './report.ts';
import { nextStatus } from './status.ts';
import { withToken } from './token.ts';

export interface Decision {
  /** As it is to stand; the one that was read when nothing is worth a write. */
  readonly status: DpuStatus | undefined;
  /** To be done once the status stands, in this order. */
  readonly effects: readonly Effect[];
  /** Milliseconds until the facts are looked at again at the latest. */
  readonly recheckMs: number;
  /** What was concluded, in order; the last one is a stay. Events are made of them. */
  readonly outcomes: readonly { readonly phase: Phase; readonly outcome: Outcome }[];
}

/** Guards first, then the phase, whose waiting has a deadline. */
function judge(o: Observed): Outcome {
  for (const guard of GUARDS) {
    const outcome = guard(o);
    if (outcome) return outcome;
  }
  return withFormerClusters(o, withDeadline(o, HANDLERS[phaseOf(o)](o)));
}

export function decide(observed: Observed): Decision {
  const read = observed.dpu.status;
  let o = observed.report && read ? withStatus(observed, withReport(read, observed.report, observed.now)) : observed;
  const effects: Effect[] = [];
  const outcomes: { phase: Phase; outcome: Outcome }[] = [];
  // Two rounds through all phases are more than any facts can carry: beyond that the phases contradict one another.
  for (let round = 0; round < 2 * PHASES.length; round++) {
    const outcome = withRefusal(o, judge(o));
    const first = outcomes.length === 0;
    outcomes.push({ phase: phaseOf(o), outcome });
    if ('effects' in outcome && outcome.effects) effects.push(...outcome.effects);
    const unheard = first && o === observed;
    if (outcome.kind === 'stay')
      return {
        status: outcome.quiet && unheard ? read : nextStatus(o, outcome),
        effects: withStanding(o, effects, observed.report !== undefined),
        recheckMs: recheckOf(o, outcome),
        outcomes,
      };
    o = { ...withStatus(o, nextStatus(o, outcome)), report: undefined };
  }
  throw new Error(
    `the phases of Dpu ${observed.dpu.metadata.namespace}/${observed.dpu.metadata.name} go round in circles: ${outcomes.map(({ phase }) => phase).join(' → ')}`,
  );
}

const withStatus = (o: Observed, status: DpuStatus): Observed => ({ ...o, dpu: { ...o.dpu, status } });

/** A wait for something that is refused is one for a person. */
function withRefusal({ refused }: Observed, outcome: Outcome): Outcome {
  if (outcome.kind !== 'stay' || refused === undefined) return outcome;
  return { ...outcome, reason: 'RequestRefused', message: `${outcome.message}: ${refused}`, stalled: true, quiet: false, met: false };
}

/** What is to stand whatever is waited for. An agent that reports is not kept waiting for a tenant: the next look is near. */
function withStanding(o: Observed, effects: Effect[], isReport: boolean): Effect[] {
  const onHost = withHold(o, withSweep(o, effects));
  return isReport ? onHost : withToken(o, onHost);
}

/** Whoever sees entries of an unknown uid has them looked at: see host/sweep.ts. */
function withSweep({ host }: Observed, effects: Effect[]): Effect[] {
  return host === 'absent' || host.strangers.length === 0 ? effects : [...effects, { do: 'sweep', uids: host.strangers }];
}

/** The last outcome of a decision. */
export const conclusion = ({ outcomes }: Decision): Stay => outcomes.at(-1)?.outcome as Stay;
