/** The simulated hosts of a cluster, asked through the API server; and real reboots of the nodes that they want. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '@dpf/api';
import type { HostView, JournalEntry } from '@dpf/dpu-sim';
import { CORE, type Cluster } from '@dpf/kube';
import type { Kubectl } from '../fleet/kubectl.ts';
import { onNode } from './node-command.ts';

const LABEL = 'app.kubernetes.io/component=simulator-hosts';
const STATE_PORT = 8081;
const POLL_MS = 1000;
/** A machine that does not boot is switched off and on again: what ended with it may take a while to go. */
const BOOT_MS = 120_000;
const BETWEEN_BOOTS_MS = 2000;

export interface NodeCommands {
  off: string;
  on: string;
}

export class Hosts {
  readonly #cluster: Cluster;
  readonly #kubectl: Kubectl;
  readonly #namespace: string;
  /** Node → boot ids that ended, in order. */
  readonly reboots = new Map<string, string[]>();

  /** @param namespace of the release that simulates them */
  constructor(cluster: Cluster, kubectl: Kubectl, namespace: string) {
    this.#cluster = cluster;
    this.#kubectl = kubectl;
    this.#namespace = namespace;
  }

  async #ask<T>(pod: Pod, what: 'state' | 'journal'): Promise<T> {
    const path = `/api/v1/namespaces/${this.#namespace}/pods/${pod.metadata.name}:${STATE_PORT}/proxy/${what}`;
    return JSON.parse(await this.#kubectl('get', '--raw', path, '--request-timeout=10s')) as T;
  }

  async #pods(): Promise<Pod[]> {
    return (await this.#cluster.resource<Pod>(CORE.Pod).list({ namespace: this.#namespace, labelSelector: LABEL })).items;
  }

  /** Hosts that answer. */
  async states(): Promise<HostView[]> {
    const answers = await Promise.allSettled((await this.#pods()).map((pod) => this.#ask<HostView[]>(pod, 'state')));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  }

  /** What happened to the hardware of all hosts since then. @throws Error where a host does not answer */
  async journal(since: Date): Promise<JournalEntry[]> {
    const journals = await Promise.all((await this.#pods()).map((pod) => this.#ask<JournalEntry[]>(pod, 'journal')));
    return journals
      .flat()
      .filter(({ at }) => new Date(at) >= since)
      .sort((a, b) => a.at.localeCompare(b.at));
  }

  /** From now on reboots the node of every host that was reset, until aborted. Resolves when none is on its way any more. */
  async rebootOnDemand(commands: NodeCommands, say: (text: string) => void, signal: AbortSignal): Promise<void> {
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      for (const { name, up, bootId } of await this.states().catch(() => [])) {
        const ended = this.reboots.get(name) ?? [];
        if (up || ended.includes(bootId)) continue;
        this.reboots.set(name, [...ended, bootId]);
        const reboot = rebootNode(name, commands).then(
          () => say(`node ${name} was rebooted`),
          (error: Error) => say(`node ${name} could not be rebooted: ${error.message}`),
        );
        running.add(reboot.finally(() => running.delete(reboot)));
      }
      await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    }
    await Promise.all(running);
  }
}

/** Ends a node and starts it again. @throws Error with what the command said */
export async function rebootNode(name: string, { off, on }: NodeCommands): Promise<void> {
  for (const until = Date.now() + BOOT_MS; ; await delay(BETWEEN_BOOTS_MS))
    try {
      for (const command of [off, on]) await onNode(command, name);
      return;
    } catch (error) {
      if (Date.now() > until) throw error;
    }
}
