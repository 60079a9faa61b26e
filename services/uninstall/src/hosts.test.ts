/** What the Pods on the hosts say, with the embedded API server; the test plays the DaemonSet's controller and the kubelets. */
import type { KubeObject, Pod } from '@dpf/api';
import { connect, CORE, type Cluster } from '@dpf/kube';
import { startKubeSim, type KubeSim } from '@dpf/kube-sim';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hostsCleaned } from './hosts.ts';
import type { Pace } from './pace.ts';

const SET = { namespace: 'default', name: 'cleaners' };
let kube: KubeSim;
let api: Cluster;
let said: string[];

/** Looks again after each of these steps, and then until the deadline, some looks later. */
function pace(...steps: (() => Promise<unknown>)[]): Pace {
  let looks = 0;
  const wait = async () => void (await steps[looks++]?.());
  return { deadline: steps.length + 2, end: steps.length + 4, now: () => looks, wait, say: (line) => said.push(line) };
}

const template = { metadata: { labels: { app: 'cleaner' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };
const makeSet = () =>
  api
    .resource<KubeObject & { spec: object }>(CORE.DaemonSet)
    .create({ metadata: SET, spec: { selector: { matchLabels: { app: 'cleaner' } }, template } } as KubeObject & { spec: object });
const wants = (desiredNumberScheduled: number) =>
  api.resource(CORE.DaemonSet).patchStatus(SET, { status: { observedGeneration: 1, desiredNumberScheduled } });
const pod = (host: string, nodeName?: string) =>
  api.resource<Pod>(CORE.Pod).create({
    metadata: { name: `on-${host}`, namespace: 'default', labels: { app: 'cleaner' } },
    spec: { containers: [{ name: 'c', image: 'i' }], ...(nodeName && { nodeName }) },
  } as Pod);
const status = (host: string, change: object) =>
  api.resource(CORE.Pod).patchStatus({ name: `on-${host}`, namespace: 'default' }, { status: change });
const cleans = (host: string, ...messages: string[]) =>
  status(host, {
    conditions: [{ type: 'Initialized', status: 'True' }],
    initContainerStatuses: messages.map((message) => ({ state: { terminated: { exitCode: 0, message } } })),
  });

beforeEach(async () => {
  said = [];
  kube = await startKubeSim({});
  api = await connect({ kubeconfig: kube.kubeconfig, userAgent: 'test' });
});
afterEach(async () => {
  await api.close();
  await kube.close();
});

test('every host is waited for, and what stays there is said', async () => {
  await makeSet();
  await hostsCleaned(
    api,
    SET,
    pace(
      () => wants(2),
      async () => Promise.all([pod('w1', 'w1'), pod('w2', 'w2')]),
      () => cleans('w2', '', '/state: there are files of others: notes'),
      () => cleans('w1', '', ''),
    ),
  );
  expect(said).toEqual([
    'waits for the Pods that clean the hosts',
    'waits for 2 hosts to be cleaned',
    'waits for 2 hosts to be cleaned, w1 among them',
    'waits for 1 hosts to be cleaned, w1 among them',
    'left on host w2: /state: there are files of others: notes',
    '1 hosts have no files of ours any more',
  ]);
});

test('a host whose labels went with its files is no longer waited for, and what it said is not forgotten', async () => {
  await makeSet();
  await Promise.all([wants(2), pod('w1', 'w1'), pod('w2', 'w2')]);
  await cleans('w1', '/state: x');
  const goes = async () => {
    await api.resource(CORE.Pod).delete({ name: 'on-w1', namespace: 'default' }, {});
    await Promise.all([wants(1), cleans('w2', '')]);
  };
  await hostsCleaned(api, SET, pace(goes));
  expect(said.slice(-2)).toEqual(['left on host w1: /state: x', '1 hosts have no files of ours any more']);
});

test('at the deadline hosts that were not cleaned are said, with the reason', async () => {
  await makeSet();
  await Promise.all([wants(4), pod('w1', 'w1'), pod('w2', 'w2'), pod('w3')]);
  await status('w1', { initContainerStatuses: [{ state: { waiting: { reason: 'ImagePullBackOff' } } }] });
  await status('w3', { conditions: [{ type: 'PodScheduled', status: 'False' }] });
  await hostsCleaned(api, SET, pace());
  expect(said.slice(1)).toEqual([
    'left on host of Pod on-w3: our files: Pod on-w3, which removes them, did not end (Unschedulable)',
    'left on host w1: our files: Pod on-w1, which removes them, did not end (ImagePullBackOff)',
    'left on host w2: our files: Pod on-w2, which removes them, did not end (Pending)',
    'left on 1 hosts: our files, for no Pod was made there',
    '0 hosts have no files of ours any more',
  ]);
});

test('nothing is waited for where no host has agents, or nothing is cleaned', async () => {
  await hostsCleaned(api, SET, pace());
  await makeSet();
  await wants(0);
  await hostsCleaned(api, SET, pace());
  expect(said).toEqual(['0 hosts have no files of ours any more', '0 hosts have no files of ours any more']);
});
