/** Over random fleets, failures, users and replicas that stop anywhere: never more than the budget granted or disrupted, and in the end all is updated. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Dpu } from '@dpf/api';
import { aNode, aSet, inPhase, madeReady, waitingForGrant } from '../../test/builders.ts';
import { World, type Intent } from '../../test/world.ts';
import { budgetOf, byHost, isReady, wasReady } from './availability.ts';

const STEPS = ['reconcile', 'stop', 'resume', 'begin', 'finish', 'break', 'recover', 'delete', 'template', 'pause'] as const;
type Step = { do: (typeof STEPS)[number]; which: number };

const steps = fc.array(fc.record({ do: fc.constantFrom<Step['do']>(...STEPS), which: fc.nat(1000) }), { minLength: 20, maxLength: 80 });
const fleets = fc.record({
  hosts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 5 }),
  maxUnavailable: fc.constantFrom<number | string>(1, 2, 3, '10%', '40%'),
});

/** An attempt is due: dpu-controller will flash this card as soon as it looks. */
const isDue = (dpu: Dpu): boolean => (dpu.spec.grant ?? 0) > (dpu.status?.attempt?.grant ?? 0) || dpu.status?.attempt === undefined;
const isBusy = (dpu: Dpu): boolean => dpu.status?.phase === 'OSInstalling';

class Fleet extends World {
  readonly stopped: Intent[] = [];
  private noted = new Set<string>();
  /** What the last grant of a host cost when it was taken. A host that was never in service costs nothing. */
  private readonly granted = new Map<string, number>();

  /** I7: granted or disrupted by us within maxUnavailable, unless it is one host alone; no grant after a recorded failure. */
  override write(intent: Intent): boolean {
    const before = this.set.status?.rollout?.granted ?? [];
    const written = super.write(intent);
    if (!written) return false;
    const fresh = (this.set.status?.rollout?.granted ?? []).filter((grant) => !before.some(({ host }) => host === grant.host));
    for (const { host } of fresh) this.granted.set(host, this.cost(host));
    const failed = [...this.dpus.values()].filter((dpu) => this.noted.has(dpu.metadata.uid ?? '') && isBroken(dpu));
    for (const { host } of fresh.filter((grant) => this.cost(grant.host) > 0)) {
      const others = failed.filter((dpu) => dpu.spec.nodeName !== host).length;
      if (others > 0) expect(others + this.cost(host)).toBeLessThanOrEqual(this.budget);
    }
    this.noted = new Set(intent.plan.own.filter(isBroken).map(({ metadata }) => metadata.uid ?? ''));
    return true;
  }

  checkBudget(): void {
    const granted = this.set.status?.rollout?.granted ?? [];
    const hosts = byHost([...this.dpus.values()]).filter(
      (host) => granted.some((grant) => grant.host === host.name) || host.dpus.some((dpu) => wasReady(dpu) && (isBusy(dpu) || isDue(dpu))),
    );
    const costs = hosts.map(({ name }) => this.granted.get(name) ?? 0).filter((cost) => cost > 0);
    if (costs.length > 1) expect(costs.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(this.budget);
  }

  step({ do: what, which }: Step): void {
    const names = [...this.dpus.keys()];
    const name = names[which % Math.max(1, names.length)] ?? '';
    const dpu = this.dpus.get(name);
    const act: Record<Step['do'], () => unknown> = {
      reconcile: () => this.write(this.read()),
      stop: () => this.stopped.length < 2 && this.stopped.push(this.read()),
      resume: () => this.stopped.length > 0 && this.stopped.splice(which % this.stopped.length, 1).forEach((intent) => this.write(intent)),
      begin: () => dpu && isDue(dpu) && !isBusy(dpu) && this.begin(name),
      finish: () => dpu && isBusy(dpu) && this.change(name, endAttempt),
      break: () => dpu && isReady(dpu) && this.change(name, (one) => inPhase(one, 'Ready')),
      recover: () => dpu && isBroken(dpu) && this.change(name, recovered),
      delete: () => dpu && !isBusy(dpu) && which % 5 === 0 && this.vanish(name),
      template: () => which % 3 === 0 && this.template(`bfb-${'abc'[which % 7] ?? 'a'}`),
      pause: () => which % 4 === 0 && this.spec((spec) => (spec.paused = which % 8 === 0)),
    };
    act[what]();
  }

  /** A first installation beside a DPU that is in service waits for its grant. */
  override begin(name: string): void {
    this.change(name, (dpu) => {
      const beside = [...this.dpus.values()].some((other) => other.spec.nodeName === dpu.spec.nodeName && other.status?.phase === 'Ready');
      const isFirst = dpu.spec.grant === undefined && dpu.status?.attempt === undefined;
      return isFirst && beside ? waitingForGrant(dpu) : beginAttempt(dpu);
    });
  }

  private get budget(): number {
    return budgetOf(
      this.set,
      [...this.nodes.keys()].reduce((sum, host) => sum + this.dpusOf(host), 0),
    );
  }
  /** Its discovery labels are `dpu-enabled` and one per DPU. */
  private dpusOf(host: string): number {
    return Object.keys(this.nodes.get(host)?.metadata.labels ?? {}).length - 1;
  }
  private cost(host: string): number {
    const here = [...this.dpus.values()].filter(({ spec }) => spec.nodeName === host);
    return here.some(wasReady) ? this.dpusOf(host) : 0;
  }
}

const isBroken = (dpu: Dpu): boolean => dpu.status?.phase === 'Ready' && !isReady(dpu);
const recovered = (dpu: Dpu): Dpu => ({ ...dpu, status: { ...dpu.status, conditions: madeReady(dpu).status?.conditions ?? [] } });
const beginAttempt = (dpu: Dpu): Dpu => {
  const { attempt } = madeReady(dpu).status ?? {};
  return inPhase(dpu, 'OSInstalling', attempt === undefined ? {} : { attempt });
};
/** Ready with what the attempt froze; the generation it has seen may be a later one. */
const endAttempt = (dpu: Dpu): Dpu => {
  const ready = madeReady(dpu);
  return { ...ready, status: { ...ready.status, ...(dpu.status?.attempt === undefined ? {} : { attempt: dpu.status.attempt }) } };
};

describe('Rules set-before-list, grant-numbered, release-numbered, grant-names-uid', () => {
  test('over random fleets and failures the budget holds, and afterwards every DPU gets the template', () => {
    fc.assert(
      fc.property(fleets, steps, ({ hosts, maxUnavailable }, run) => {
        const world = new Fleet(
          aSet({ maxUnavailable }),
          hosts.map((count, i) => aNode(`w${i}`, count)),
        );
        world.settle();
        world.ready(...world.dpus.keys());
        world.settle();
        for (const step of run) {
          world.step(step);
          world.checkBudget();
        }
        world.spec((spec) => (spec.paused = false));
        for (let round = 0; round < 60; round++) {
          world.settle();
          for (const { metadata } of [...world.dpus.values()]) {
            world.change(metadata.name, (dpu) => (isBroken(dpu) ? recovered(dpu) : isBusy(dpu) ? endAttempt(dpu) : dpu));
            const dpu = world.dpus.get(metadata.name);
            if (dpu && isDue(dpu) && !isBusy(dpu)) world.begin(metadata.name);
            world.checkBudget();
          }
        }
        expect(world.set.status).toMatchObject({ ready: world.dpus.size, updated: world.dpus.size, rollout: { granted: [] } });
      }),
      { numRuns: 80, seed: 7 },
    );
  });
});
