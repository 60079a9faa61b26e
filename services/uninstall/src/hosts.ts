/**
 * After the services went: a Pod on each host removes their files there, in its init containers, and says as their termination messages what stays.
 * helm waits for no DaemonSet, so this does.
 */
import type { KubeObject, Pod } from '@dpf/api';
import { CORE, formatSelector, type Cluster } from '@dpf/kube';
import { waitUntilNothing, type Pace } from './pace.ts';

interface DaemonSet extends KubeObject {
  spec?: { selector: { matchLabels: Record<string, string> } };
  status?: { observedGeneration?: number; desiredNumberScheduled?: number };
}
interface Cleaner extends Pod {
  status?: Pod['status'] & { initContainerStatuses?: ContainerStatus[] };
}
interface ContainerStatus {
  state?: { waiting?: { reason?: string }; terminated?: { message?: string } };
}

/**
 * Waits until every host was cleaned, and says for each what is left there.
 * @param set the DaemonSet
 * @param beside what else is awaited meanwhile: the Pod of a host that was cleaned early is not there for long
 */
export async function hostsCleaned(
  cluster: Cluster,
  set: { namespace: string; name: string },
  pace: Pace,
  beside: () => Promise<string | undefined> = async () => undefined,
): Promise<void> {
  /** What stays, by host; remembered, for a Pod goes with its host's labels. */
  const cleaned = new Map<string, string>();
  let unfinished: Cleaner[] = [];
  let missing = 0;
  const look = async () => {
    const { spec, status } = (await cluster.resource<DaemonSet>(CORE.DaemonSet).get(set)) ?? {};
    if (!spec) return undefined;
    const labelSelector = formatSelector(spec.selector);
    const { items: pods } = await cluster.resource<Cleaner>(CORE.Pod).list({ namespace: set.namespace, labelSelector });
    for (const pod of pods.filter(hasCleaned)) cleaned.set(hostOf(pod), leftBy(pod));
    unfinished = pods.filter((pod) => !pod.metadata.deletionTimestamp && !cleaned.has(hostOf(pod)));
    missing = Math.max(0, (status?.desiredNumberScheduled ?? 0) - pods.length);
    if (status?.observedGeneration === undefined) return 'waits for the Pods that clean the hosts';
    const [first] = unfinished;
    if (!first && missing === 0) return undefined;
    return `waits for ${unfinished.length + missing} hosts to be cleaned${first ? `, ${hostOf(first)} among them` : ''}`;
  };
  await waitUntilNothing(pace, async () => {
    const [other, hosts] = await Promise.all([beside(), look()]);
    return other ?? hosts;
  });
  const left = [...cleaned, ...unfinished.map((pod) => [hostOf(pod), `our files: ${troubleOf(pod)}`] as const)].filter(([, what]) => what);
  for (const [host, what] of left.sort(([a], [b]) => a.localeCompare(b))) pace.say(`left on host ${host}: ${what}`);
  if (missing > 0) pace.say(`left on ${missing} hosts: our files, for no Pod was made there`);
  pace.say(`${[...cleaned.values()].filter((what) => what === '').length} hosts have no files of ours any more`);
}

const conditionOf = ({ status }: Cleaner, wanted: string) => status?.conditions?.find(({ type }) => type === wanted)?.status;
const hasCleaned = (pod: Cleaner): boolean => conditionOf(pod, 'Initialized') === 'True';
/** A Pod that has no place yet stands for its host. */
const hostOf = ({ spec, metadata }: Cleaner): string => spec?.nodeName ?? `of Pod ${metadata.name}`;

const leftBy = ({ status }: Cleaner): string =>
  (status?.initContainerStatuses ?? []).flatMap(({ state }) => state?.terminated?.message || []).join('; ');

function troubleOf(pod: Cleaner): string {
  const waiting = pod.status?.initContainerStatuses?.find(({ state }) => state?.waiting)?.state?.waiting?.reason;
  const why = conditionOf(pod, 'PodScheduled') === 'False' ? 'Unschedulable' : (waiting ?? pod.status?.phase);
  return `Pod ${pod.metadata.name}, which removes them, did not end (${why ?? 'no status'})`;
}
