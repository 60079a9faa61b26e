/** An agent of a host as dpu-controller sees it: announces, takes operations from its queue, claims and reports them. The hardware is a few variables. */
import { TENANT_NODE_LABELS, parseOperationId, type Announcement, type Card, type Node, type OperationSpec, type Report } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { createOperationReceiver } from '@dpf/queue';
import type { ClaimAnswer, ReportAnswer } from '../ports.ts';
import type { Controller } from '../controller.ts';
import type { Stage } from './stage.ts';

export interface AgentScript {
  /** Runs between claim and result; the report that ends the operation instead of a success. */
  during?: (spec: OperationSpec) => Promise<Partial<Report> | void> | Partial<Report> | void;
}

export class TestAgent {
  readonly node: string;
  readonly cards: Card[];
  readonly script: AgentScript;
  /** What was granted, in order. */
  readonly done: OperationSpec[] = [];
  boot = 1;
  instance = 'agent-1';
  holds: string[] = [];
  journal: Announcement['journal'] = [];
  #sequence = 0;
  readonly #stage: Stage;
  readonly #controller: () => Controller;
  readonly #receiver;

  constructor(stage: Stage, controller: () => Controller, node: string, pcis: string[], script: AgentScript = {}) {
    this.#stage = stage;
    this.#controller = controller;
    this.node = node;
    this.script = script;
    this.cards = pcis.map((pci, index) => ({ pci, index, generation: 'BlueField-3', rshim: 'host', present: true, serial: `MT${index}` }));
    this.#receiver = createOperationReceiver({ url: stage.redis.url }, node, { onError: () => undefined });
  }

  async start(): Promise<void> {
    await this.#receiver.receive((id) => this.#perform(id));
    await this.announce();
  }
  async announce() {
    const { node, instance, boot, cards, journal, holds } = this;
    const announcement = {
      node,
      instance,
      boot,
      bootId: `boot-${boot}`,
      sequence: ++this.#sequence,
      agentVersion: '0',
      cards,
      journal,
      holds,
    };
    return this.#controller().reconciler.announce(node, announcement);
  }
  claim(id: string): Promise<ClaimAnswer> {
    const { instance, boot } = this;
    return this.#controller().reconciler.claim(parseOperationId(id)!, this.node, { instance, boot, sequence: this.#sequence });
  }
  report(id: string, said: Partial<Report>): Promise<ReportAnswer> {
    const report: Report = { instance: this.instance, boot: this.boot, state: 'succeeded', percent: 100, message: 'done', ...said };
    return this.#controller().reconciler.report(parseOperationId(id)!, this.node, report);
  }
  /** The host boots: another boot number, another agent process. */
  async reboot(): Promise<void> {
    this.boot++;
    this.instance = `agent-${this.boot}`;
    this.#sequence = 0;
    await this.announce();
  }
  installs(): string[] {
    return this.done.flatMap(({ kind, id }) => (kind === 'install' ? [id] : []));
  }
  close(): Promise<void> {
    return this.#receiver.close();
  }

  async #perform(id: string): Promise<string> {
    const answer = await this.claim(id);
    if ('refused' in answer) return answer.refused.message;
    const spec = answer.granted;
    this.done.push(spec);
    const said = (await this.script.during?.(spec)) ?? {};
    await this.report(id, said);
    if (said.state === 'failed' || said.state === 'cancelled') return 'failed';
    if (spec.kind === 'install') await this.#join(spec.uid);
    if (spec.kind === 'reset') await this.reboot();
    return 'done';
  }

  /** The card's new software registers its Node, as kubelet does. */
  async #join(uid: string): Promise<void> {
    const dpu = this.#controller()
      .dpus()
      .find(({ metadata }) => metadata.uid === uid);
    if (!dpu?.spec.cluster) return;
    const nodes = this.#stage.tenantApi.resource<Node>(CORE.Node);
    const { name } = dpu.metadata;
    const old = await nodes.get({ name });
    if (old)
      throw new Error(
        `Node ${name} was not removed before its software: ${JSON.stringify(old.metadata.labels?.[TENANT_NODE_LABELS.dpuUid])}`,
      );
    await nodes.create({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
    await nodes.patchStatus({ name }, { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: '' }] } });
  }
}
