/**
 * dms-agent without a host: takes operation ids from its queue in Redis, claims and reports them, announces every boot. What hardware does is a wait of a
 * given length, and the software of its DPU registers its Node with an administrator's identity instead of the card's bootstrap token.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseOperationId, type Announcement, type Card, type Node, type OperationSpec, type Report } from '@dpf/api';
import { CORE, isAlreadyExists, type Cluster } from '@dpf/kube';
import { createOperationReceiver, type NodeReceiver, type RedisSettings } from '@dpf/queue';
import { Refused, Speaker, type Endpoint } from './speaker.ts';

/** What the hardware of one host takes, in milliseconds. */
export interface Durations {
  /** One after the other for each try of the install; the last one for all further ones. All but the last are cut off at their end. */
  installs: readonly number[];
  /** Of the host, until its agent is back. */
  reboot: number;
}

export interface LightAgentOptions {
  node: string;
  token: string;
  endpoint: Endpoint;
  redis: RedisSettings;
  tenant: Cluster;
  durations: Durations;
  onError: (error: Error) => void;
}

const PCI = '0000-4b-00';
const JOIN_TRIES = 30;
const JOIN_PAUSE_MS = 1_000;

export class LightAgent {
  readonly node: string;
  readonly #options: LightAgentOptions;
  readonly #speaker: Speaker;
  readonly #receiver: NodeReceiver;
  #instance = randomUUID();
  #boot = 1;
  #sequence = 0;
  /** Installs that were begun. */
  installs = 0;

  constructor(options: LightAgentOptions) {
    this.#options = options;
    this.node = options.node;
    this.#speaker = new Speaker(options.endpoint, options.token);
    this.#receiver = createOperationReceiver(options.redis, options.node, { onError: options.onError });
  }

  /** Calls that had to be repeated. */
  get repeated(): number {
    return this.#speaker.repeated;
  }

  async start(): Promise<void> {
    await this.#receiver.receive(async (id) => {
      try {
        return await this.#perform(id);
      } catch (error) {
        if (error instanceof Refused) return 'refused';
        throw error;
      }
    });
    await this.#announce();
  }

  async close(): Promise<void> {
    this.#speaker.close();
    await this.#receiver.close();
  }

  async #announce(): Promise<void> {
    const card: Card = {
      pci: PCI,
      index: 0,
      serial: 'MT2334X01234',
      psid: 'MT_0000000884',
      generation: 'BlueField-3',
      pf0Name: 'ens1f0np0',
      rshim: 'host',
      present: true,
    };
    const announcement: Announcement = {
      node: this.node,
      instance: this.#instance,
      boot: this.#boot,
      bootId: `boot-${this.#boot}`,
      sequence: ++this.#sequence,
      agentVersion: '0.1.0',
      cards: [card],
      journal: [],
      holds: [],
    };
    await this.#speaker.post('/v1/announce', announcement);
  }

  async #perform(id: string): Promise<string> {
    if (!parseOperationId(id)) return 'no operation';
    const claim = { instance: this.#instance, boot: this.#boot, sequence: this.#sequence };
    const spec = await this.#speaker.post<OperationSpec>(`/v1/operations/${id}/claim`, claim);
    switch (spec.kind) {
      case 'preflight':
        return this.#report(id, { device: { serial: 'MT2334X01234', psid: 'MT_0000000884', generation: 'BlueField-3' } });
      case 'install':
        return this.#install(id, spec);
      case 'reset':
        await sleep(this.#options.durations.reboot);
        this.#boot++;
        this.#instance = randomUUID();
        this.#sequence = 0;
        await this.#announce();
        return 'booted';
      default:
        return this.#report(id, {});
    }
  }

  async #install(id: string, { bfcfg }: OperationSpec & { kind: 'install' }): Promise<string> {
    const { installs } = this.#options.durations;
    const step = Math.min(this.installs++, installs.length - 1);
    const ms = installs[step] ?? 0;
    await sleep(ms / 2);
    await this.#report(id, { state: 'running', percent: 50, message: 'pushes the image' });
    await sleep(ms / 2);
    if (step < installs.length - 1)
      return this.#report(id, {
        state: 'failed',
        percent: 50,
        message: 'the push was cut off',
        reason: 'PushCutOff',
        class: 'transient',
        cutOff: true,
      });
    // Whatever the agent hears of its report: the DPU joins by itself.
    await Promise.all([this.#report(id, {}), this.#join(/--node-name'? '?([a-z0-9.-]+)/.exec(bfcfg)?.[1])]);
    return 'installed';
  }

  async #report(id: string, said: Partial<Report>): Promise<string> {
    const report: Report = { instance: this.#instance, boot: this.#boot, state: 'succeeded', percent: 100, message: 'done', ...said };
    await this.#speaker.post(`/v1/operations/${id}/report`, report);
    return report.state;
  }

  /** As a kubelet does, until it has. Undefined: the DPU joins no cluster. */
  async #join(name: string | undefined): Promise<void> {
    if (name === undefined) return;
    for (let tries = 1; ; tries++)
      try {
        return await this.#register(name);
      } catch (error) {
        if (tries === JOIN_TRIES) throw error;
        await sleep(JOIN_PAUSE_MS);
      }
  }

  async #register(name: string): Promise<void> {
    const nodes = this.#options.tenant.resource<Node>(CORE.Node);
    try {
      await nodes.create({ metadata: { name } });
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    await nodes.patchStatus(
      { name },
      { status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'simulated DPU' }] } },
    );
  }
}
