/** Containers of the services end without having been asked. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Pod } from '@dpf/api';
import { CORE } from '@dpf/kube';
import { NAMESPACE } from '../fleet/control-plane.ts';
import type { Installation } from './installation.ts';
import { onNode } from './node-command.ts';

const SERVICES = ['dpu-controller', 'dms-agent', 'dpuset-controller', 'bfb-downloader'] as const;
const EVERY_MS = 20_000;

/** What is read of a Pod's status. */
type RunningPod = Pod & { status?: { containerStatuses?: { containerID?: string; state?: { running?: object } }[] } };

/** Every 20 s one container, of the services in turn, until aborted. */
export async function endContainers(installation: Installation, signal: AbortSignal): Promise<void> {
  const { report } = installation;
  for (let i = 0; ; i++) {
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const service = SERVICES[i % SERVICES.length] as string;
    await endOne(installation, service).then(
      (pod) => report.say(`  the container of ${pod} is ended`),
      // Its Pods are being replaced, or its node is off.
      (error: Error) => report.say(`  no container of ${service} could be ended: ${error.message.split('\n')[0]}`),
    );
  }
}

/** Kills it where the run knows how; otherwise its process is told to stop, for it is deaf to SIGKILL from within. */
async function endOne({ cluster, kubectl, options }: Installation, service: string): Promise<string> {
  const labelSelector = `app.kubernetes.io/component=${service}`;
  const pods = (await cluster.resource<RunningPod>(CORE.Pod).list({ namespace: NAMESPACE, labelSelector })).items;
  const running = pods.flatMap(({ metadata, spec, status }) =>
    (status?.containerStatuses ?? [])
      .filter(({ state }) => state?.running)
      .map(({ containerID = '' }) => ({ pod: metadata.name, node: spec?.nodeName ?? '', container: containerID.split('//')[1] ?? '' })),
  );
  let refused: unknown = new Error('none is running');
  // The first that can be: a node that was cut off still tells of containers that are gone.
  for (const { pod, node, container } of running)
    try {
      if (options.containerKill) await onNode(options.containerKill, node, container);
      else await kubectl('-n', NAMESPACE, 'exec', pod, '--', 'bash', '-c', 'kill 1');
      return `${pod} on ${node}`;
    } catch (error) {
      refused = error;
    }
  throw refused;
}
