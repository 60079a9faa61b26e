/**
 * A world for the planner: one DpuSet, Nodes, Dpus that dpu-controller would work on, and replicas that may stop between reading and writing.
 * Every write is a compare-and-swap, as at the API server. It keeps the log that golden narratives compare.
 */
import type { Dpu, DpuSet, Node } from '@dpf/api';
import { plan, type Plan } from '../src/plan/plan.ts';
import { statusOf, statusPatch } from '../src/status/status.ts';
import { inPhase, madeReady, NOW, waitingForGrant } from './builders.ts';

/** As objects come from the API server: by value. */
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** A reconcile that was stopped after it had decided. */
export interface Intent {
  set: DpuSet;
  plan: Plan;
}

export class World {
  set: DpuSet;
  readonly nodes = new Map<string, Node>();
  readonly dpus = new Map<string, Dpu>();
  readonly log: string[] = [];
  private version = 1;
  private uids = 0;

  constructor(set: DpuSet, nodes: Node[]) {
    this.set = set;
    for (const node of nodes) this.nodes.set(node.metadata.name, node);
  }

  read(): Intent {
    const set = copy(this.set);
    return { set, plan: plan({ set, dpus: copy([...this.dpus.values()]), nodes: this.nodes, now: NOW }) };
  }

  /** Writes in the order of the service: existence, then the status, then what was granted in it. Answers whether the status was written as decided. */
  write({ set, plan }: Intent): boolean {
    for (const dpu of plan.create) {
      if (this.dpus.has(dpu.metadata.name)) continue;
      this.dpus.set(dpu.metadata.name, {
        ...dpu,
        metadata: { ...dpu.metadata, uid: `u${++this.uids}`, generation: 1, resourceVersion: this.next() },
      });
      this.log.push(`creates ${dpu.metadata.name} (${dpu.spec.bfb})`);
    }
    for (const { dpu, why } of plan.remove) {
      if (this.dpus.get(dpu.metadata.name)?.metadata.uid !== dpu.metadata.uid) continue;
      this.change(dpu.metadata.name, (one) => ({ ...one, metadata: { ...one.metadata, deletionTimestamp: NOW.toISOString() } }));
      this.log.push(`deletes ${dpu.metadata.name}: ${why}`);
    }
    for (const { dpu, patch } of plan.quiet) {
      this.log.push(`patches ${dpu.metadata.name} quietly: ${JSON.stringify(patch)}`);
      this.change(dpu.metadata.name, (one) => ({ ...one, spec: { ...one.spec, ...(patch['spec'] as object) } }));
    }
    const status = statusOf(set, plan, NOW);
    if (statusPatch(set.status, status)) {
      if (this.set.metadata.resourceVersion !== set.metadata.resourceVersion) return false;
      this.tellGrants(set, status.rollout?.granted ?? []);
      this.set = { ...this.set, status, metadata: { ...this.set.metadata, resourceVersion: this.next() } };
    } else if (this.set.metadata.resourceVersion !== set.metadata.resourceVersion) return false;
    for (const { dpu, spec } of plan.rollout.patches) {
      if (this.dpus.get(dpu.metadata.name)?.metadata.resourceVersion !== dpu.metadata.resourceVersion) continue;
      this.log.push(`patches ${dpu.metadata.name} to ${String(spec['bfb'])} (grant ${String(spec['grant'])})`);
      this.change(dpu.metadata.name, (one) => ({
        ...one,
        metadata: { ...one.metadata, generation: (one.metadata.generation ?? 0) + 1 },
        spec: { ...one.spec, bfb: String(spec['bfb']), grant: Number(spec['grant']) },
      }));
    }
    return true;
  }

  /** Reconciles until nothing changes. */
  settle(): void {
    for (let i = 0; i < 10; i++) {
      const before = this.version;
      this.write(this.read());
      if (before === this.version) return;
    }
    throw new Error('the planner does not come to rest');
  }

  /** dpu-controller waits with the first installation of these. */
  wait(...names: string[]): void {
    for (const name of names) this.change(name, waitingForGrant);
  }
  /** dpu-controller starts the attempt that the spec allows. */
  begin(name: string): void {
    this.change(name, (dpu) => inPhase(dpu, 'OSInstalling'));
  }
  ready(...names: string[]): void {
    for (const name of names) this.change(name, madeReady);
  }
  fail(name: string): void {
    this.change(name, (dpu) =>
      inPhase(dpu, 'Error', { lastError: { reason: 'InstallFailed', message: 'the image is broken', at: NOW.toISOString() } }),
    );
  }
  vanish(name: string): void {
    this.dpus.delete(name);
    this.log.push(`${name} is gone`);
  }
  template(bfb: string): void {
    this.spec((spec) => (spec.dpuTemplate.spec.BFB.bfb = bfb));
    this.log.push(`user: template says ${bfb}`);
  }
  spec(change: (spec: DpuSet['spec']) => unknown): void {
    const set = copy(this.set);
    change(set.spec);
    set.metadata.generation = (set.metadata.generation ?? 0) + 1;
    set.metadata.resourceVersion = this.next();
    this.set = set;
  }
  change(name: string, to: (dpu: Dpu) => Dpu): void {
    const dpu = this.dpus.get(name);
    if (!dpu) return;
    const after = to(dpu);
    this.dpus.set(name, { ...after, metadata: { ...after.metadata, resourceVersion: this.next() } });
  }

  private next(): string {
    return String(++this.version);
  }
  private tellGrants(set: DpuSet, after: { host: string; number: number }[]): void {
    const before = set.status?.rollout?.granted ?? [];
    for (const { host, number } of before)
      if (!after.some((one) => one.number === number)) this.log.push(`gives back ${host} (grant ${number})`);
    for (const { host, number } of after)
      if (!before.some((one) => one.number === number)) this.log.push(`grants ${host} (grant ${number})`);
  }
}
