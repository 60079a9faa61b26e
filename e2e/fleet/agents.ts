/** What kubelets do for the DaemonSet: a Pod and a token per host, the agent's process, its end when the host goes down. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '@dpf/api';
import type { HostView } from '@dpf/dpu-sim';
import { CORE } from '@dpf/kube';
import { accountOf, tokenOf } from './accounts.ts';
import { NAMESPACE, type ControlPlane } from './control-plane.ts';
import { ManagedProcess } from './processes.ts';
import { WORKSPACE } from './workspace.ts';

export const AGENT_ACCOUNT = accountOf('dms-agent');
export const AGENT_AUDIENCE = 'dpf-provisioning-agent';

export interface AgentsOptions {
  folder: string;
  plane: ControlPlane;
  hosts: readonly HostView[];
  env: Record<string, string>;
}

export class Agents {
  readonly #options: AgentsOptions;
  readonly byHost = new Map<string, ManagedProcess>();

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const {
      hosts,
      plane: { cluster },
    } = this.#options;
    for (const view of hosts) {
      const host = view.name;
      await cluster.resource<Pod>(CORE.Pod).create({
        metadata: { name: `dms-agent-${host}`, namespace: NAMESPACE, labels: { app: 'dms-agent' } },
        spec: { nodeName: host, serviceAccountName: AGENT_ACCOUNT, containers: [{ name: 'agent', image: 'dms-agent' }] } as Pod['spec'],
      });
      const agent = new ManagedProcess({
        name: `dms-agent-${host}`,
        argv: ['services/dms-agent/src/main.ts'],
        cwd: WORKSPACE,
        env: await this.#environment(view),
        log: join(this.#options.folder, 'logs', `dms-agent-${host}.log`),
      });
      this.byHost.set(host, agent);
      agent.start();
    }
  }

  async #environment({ name: host, root, socket, toolPath }: HostView): Promise<Record<string, string>> {
    const { folder, env } = this.#options;
    const state = join(folder, 'agents', host);
    mkdirSync(state, { recursive: true });
    const token = join(state, 'token');
    writeFileSync(token, await this.tokenOf(host), { mode: 0o600 });
    return {
      ...env,
      NODE_NAME: host,
      AGENT_TOKEN_FILE: token,
      STATE_DIR: join(state, 'journal'),
      ...(root === undefined ? { HOST_SOCKET: socket } : { HOST_ROOT: root }),
      TOOL_PATH: toolPath,
    };
  }

  /** A token bound to the agent's Pod on that host, as the kubelet projects it. */
  async tokenOf(host: string): Promise<string> {
    const { plane } = this.#options;
    const pod = await plane.cluster.resource<Pod>(CORE.Pod).get({ namespace: NAMESPACE, name: `dms-agent-${host}` });
    if (!pod) throw new Error(`the Pod of the agent of ${host} is gone`);
    return tokenOf(plane, AGENT_ACCOUNT, { pod, audience: AGENT_AUDIENCE });
  }

  async hostDown(host: string): Promise<void> {
    await this.byHost.get(host)?.down();
  }

  hostUp(host: string): void {
    this.byHost.get(host)?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.byHost.values()].map((agent) => agent.stop()));
  }
}
