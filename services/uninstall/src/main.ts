/**
 * uninstall: what `helm uninstall` runs. STEP=objects, before the services go: removes DpuSets, Dpus and Bfbs while the services can still clean up.
 * STEP=nodes, after they went: waits until their files are gone from the hosts, and removes from the Nodes what dpu-controller noted there. Ends by itself, at its deadline at the latest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@dpf/kube';
import { ConfigError, env, readConfig, VERSION } from '@dpf/service';
import { labels } from './config.ts';
import { clearNodes, stepBegan } from './nodes.ts';
import { removeObjects } from './objects.ts';

/** Between two looks, in milliseconds. */
const POLL_MS = 2_000;
/** Past the deadline; 40 s past it the Job is killed, and a last request may take 10 s. */
const MORE_MS = 25_000;

try {
  const config = readConfig({
    kubeconfig: ['KUBECONFIG', env.optional()],
    step: ['STEP', env.choice(['objects', 'nodes'])],
    deadlineSeconds: ['DEADLINE_SECONDS', env.integer({ min: 1, max: 3600, default: 240 })],
    /** Empty: all namespaces. */
    namespaces: ['WATCH_NAMESPACES', env.list()],
    /** Where the services run, and which Pods are theirs. */
    namespace: ['NAMESPACE', env.text('default')],
    podSelector: ['POD_SELECTOR', env.text('app.kubernetes.io/name=dpf-provisioning')],
    cleaners: ['CLEANERS', env.text('dpf-provisioning-uninstall-hosts')],
    nodeSelector: ['NODE_SELECTOR', env.json(labels, {})],
    discovery: ['DISCOVERY', env.choice(['nfd', 'agent'], 'nfd')],
  });
  const cluster = await connect({
    ...(config.kubeconfig ? { kubeconfigFile: config.kubeconfig } : {}),
    userAgent: `uninstall/${VERSION}`,
  });
  const { step, namespaces, namespace, podSelector, cleaners, nodeSelector, discovery } = config;
  const scope = { namespace, podSelector, cleaners, nodeSelector, discovery };
  const began = step === 'objects' ? Date.now() : await stepBegan(cluster, scope, Date.now());
  const deadline = began + config.deadlineSeconds * 1000;
  const pace = {
    deadline,
    end: deadline + MORE_MS,
    now: Date.now,
    wait: () => sleep(POLL_MS),
    say: (line: string) => console.log(line),
  };
  if (step === 'objects') await removeObjects(cluster, namespaces, pace);
  else await clearNodes(cluster, scope, pace);
  await cluster.close();
} catch (error) {
  console.error(`uninstall: ${(error as Error).message}`);
  process.exitCode = error instanceof ConfigError ? 2 : 1;
}
