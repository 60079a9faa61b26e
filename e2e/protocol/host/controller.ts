/** dpu-controller: reconciles that do not stop in the middle, and its two replicas that do. */
import { Does, IN_WORDS, fromDpu, fromNode, write } from './intents.ts';
import { newAttempt, type Scene } from './scene.ts';
import {
  Hand,
  Job,
  MOST_UIDS,
  NO_INTENT,
  Op,
  Phase,
  ResetHand,
  hasEnded,
  isAlive,
  isSafe,
  isSameAttempt,
  isStuck,
  Journal,
  othersAreQuiet,
  type HostState,
  type Intent,
} from './state.ts';

export function reconciles(scene: Scene, card: number): void {
  const { state, rules, step } = scene;
  const { node, agent } = state;
  const dpu = state.dpus[card]!;
  const alive = isAlive(dpu);
  const does = (what: string) => () => `dpu-controller, card ${card}, u${dpu.uid}${dpu.attempt ? `/${dpu.attempt}` : ''}: ${what}`;

  for (const intent of [...fromDpu(scene, card), ...fromNode(state, card)]) {
    const change = write(state, rules, intent);
    if (change) step(does(IN_WORDS[intent.kind]!), change);
  }
  if (rules('sweep')) sweeps(scene, card, does);
  if (alive && !dpu.finalizer && (dpu.phase === Phase.Initializing || !rules('finalizer-first')))
    step(does('adds the finalizer'), (next) => void (next.dpus[card]!.finalizer = 1));
  if (alive && (dpu.operation === Op.Failed || (dpu.phase === Phase.Ready && dpu.newer)))
    step(does(`new attempt, ${dpu.operation === Op.Failed ? 'the last one failed' : 'for the new revision'}`), (next) =>
      newAttempt(next, card, rules),
    );
  if (dpu.deleted && dpu.operation === Op.Open)
    step(does('being deleted, operation revoked'), (next) => void (next.dpus[card]!.operation = Op.None));
  if (dpu.deleted && dpu.operation === Op.Claimed)
    step(does('being deleted, operation to be cancelled'), (next) => void (next.dpus[card]!.operation = Op.Cancelling));

  const entry = agent.journal[card]!;
  const answered = isSameAttempt(entry, dpu) && hasEnded(entry);
  if (dpu.phase === Phase.OSInstalling && !isSafe(dpu) && !state.jobs[card] && agent.hands[card]!.state === Hand.Idle && !answered)
    step(does('submits the operation'), (next) => void (next.jobs[card] = Job.Waiting));
  if (alive && dpu.phase === Phase.Rebooting && dpu.bootToLeave === node.boot && othersAreQuiet(state, card) && resetIsFree(state))
    step(does('submits the reset'), (next) => void (next.resetJob = node.boot));

  // No clocks: a deadline may pass at any moment, as a fault, or free of charge once nothing else can happen to that install.
  const over =
    dpu.phase === Phase.OSInstalling &&
    dpu.operation === Op.Claimed &&
    isSameAttempt(entry, dpu) &&
    entry.state === Journal.Pushed &&
    isStuck(state.cards[card]!);
  const overdue = (next: HostState) => passDeadline(next, card, scene);
  if (alive && over) step(does('install deadline passes'), overdue);
  else if (alive && (dpu.phase === Phase.Rebooting || dpu.operation === Op.Open || dpu.operation === Op.Claimed))
    step(does('deadline passes early'), overdue, 'deadline');
}

/** A reset that was claimed is submitted again when its job was lost. */
export function resubmitsReset({ state, step }: Scene): void {
  if (state.node.resetClaimed && resetIsFree(state))
    step(
      () => 'dpu-controller: submits the claimed reset again',
      (next) => void (next.resetJob = state.node.boot),
    );
}

/** A replica stops between reading one object and writing the other; each of the two may, for as long as it likes. */
export function replicaStops(scene: Scene, card: number): void {
  const { state, rules, step } = scene;
  const { node } = state;
  const dpu = state.dpus[card]!;
  const free = state.replicas.findIndex((replica) => replica.kind === 0);
  if (free < 0) return;
  const read = ({ kind, uid }: Intent): string => {
    if (kind === Does.Sweep) return `the list of Dpus (no u${uid})`;
    if (kind < Does.SawClaim) return `Dpu u${uid}/${dpu.attempt}`;
    return `the Node (claim u${node.claims[card]}, holders ${node.holders[card]}, boot ${node.boot})`;
  };
  const intents = [...fromDpu(scene, card), ...fromNode(state, card)];
  if (!rules('sweep-reads-node-first') && dpu.uid < MOST_UIDS) intents.push({ kind: Does.Sweep, card, uid: dpu.uid + 1, seen: 0 });
  for (const intent of intents)
    step(
      () => `replica ${'AB'[free]}, card ${card}: has read ${read(intent)} and stops`,
      (next) => void (next.replicas[free] = { ...intent }),
      'stopped replica',
    );
}

export function replicasGoOn({ state, rules, step }: Scene): void {
  state.replicas.forEach((intent, i) => {
    if (intent.kind === 0) return;
    const change = write(state, rules, intent);
    const what = change ? `${IN_WORDS[intent.kind]} of u${intent.uid}` : 'nothing to do, or conflict';
    step(
      () => `replica ${'AB'[i]}, card ${intent.card}, goes on: ${what}`,
      (next) => {
        next.replicas[i] = { ...NO_INTENT };
        change?.(next);
      },
    );
  });
}

function sweeps({ state, rules, step }: Scene, card: number, does: (what: string) => () => string): void {
  const dpu = state.dpus[card]!;
  for (let uid = 1; uid <= dpu.uid; uid++) {
    if (uid === dpu.uid && dpu.phase !== Phase.Gone) continue;
    const change = write(state, rules, { kind: Does.Sweep, card, uid, seen: 0 });
    if (change) step(does(`sweeps entries of u${uid}`), change);
  }
}

function passDeadline(next: HostState, card: number, { rules }: Scene): void {
  const dpu = next.dpus[card]!;
  if (dpu.phase === Phase.Rebooting || !rules('end-before-next')) newAttempt(next, card, rules);
  else dpu.operation = dpu.operation === Op.Open ? Op.Failed : Op.Cancelling;
}

function resetIsFree(state: HostState): boolean {
  return !state.resetJob && !state.resetJobKept && state.agent.reset === ResetHand.Idle && !state.resetLanding;
}
