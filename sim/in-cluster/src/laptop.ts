/**
 * Everything around the services for docker-compose.yml, in one container: the API servers of host and tenant, hosts with simulated DPUs, an image server, and
 * what kubelets would do for the services' Pods. All is made anew when it starts. Services find their files below RUN_DIR, agents their hosts' sockets below HOSTS_DIR.
 */
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KubeObject, Node } from '@dpf/api';
import { generateBfb, serveImages, startDpuSim } from '@dpf/dpu-sim';
import { connect, CORE } from '@dpf/kube';
import { startKubeSim } from '@dpf/kube-sim';
import { env, runService } from '@dpf/service';
import { cardsOf } from './cards.ts';
import { kubeconfigWith, tokenFor } from './tokens.ts';

const NAMESPACE = 'dpf-provisioning';
const TENANT = { name: 'tenant-00', namespace: 'tenant-00-ns' };
const CONTROLLERS = ['dpuset-controller', 'dpu-controller', 'bfb-downloader'];
const IMAGE = 'BlueField/BFBs/Ubuntu22.04/bf-bundle-2.7.0-33_24.04_ubuntu-22.04_prod.bfb';
/** The controllers' user in their images. */
const USER = 65532;

export const run = (): Promise<void> =>
  runService({
    name: 'laptop',
    config: {
      hosts: ['HOSTS', env.list()],
      dpus: ['DPUS_PER_NODE', env.integer({ min: 1, max: 8, default: 2 })],
      speed: ['SPEED', env.integer({ min: 1, max: 1000, default: 20 })],
      name: ['OWN_NAME', env.text('simulator')],
      crds: ['CRDS', env.text('/crds')],
      runDir: ['RUN_DIR', env.text('/run/dpf')],
      hostsDir: ['HOSTS_DIR', env.text('/hosts')],
      bfbVolume: ['BFB_VOLUME', env.text('/bfb')],
    },
    async start({ config, log, onStop }) {
      const { name, runDir, hostsDir } = config;
      for (const stale of ['ready', 'agents']) rmSync(join(runDir, stale), { recursive: true, force: true });
      const file = (path: string, text: string) => {
        const target = join(runDir, path);
        mkdirSync(join(target, '..'), { recursive: true });
        writeFileSync(target, text, { mode: 0o400 });
        chownSync(target, USER, USER);
      };
      chmodSync(runDir, 0o755);
      chownSync(config.bfbVolume, USER, USER);

      const [host, tenant] = await Promise.all([
        startKubeSim({ host: '0.0.0.0', port: 6443, advertisedUrl: `https://${name}:6443`, crds: [config.crds] }),
        startKubeSim({ host: '0.0.0.0', port: 6444, advertisedUrl: `https://${name}:6444` }),
      ]);
      onStop('API servers', () => Promise.all([host.close(), tenant.close()]));
      file('admin.kubeconfig', host.kubeconfig.replace(`https://${name}:6443`, 'https://127.0.0.1:6443'));
      file('host.kubeconfig', host.kubeconfig);
      file('ca.crt', host.caPem);
      const { certPem, keyPem } = await host.pki.server(['dpu-controller']);
      file('agent-api/tls.crt', certPem);
      file('agent-api/tls.key', keyPem);

      const cluster = await connect({ kubeconfigFile: join(runDir, 'host.kubeconfig'), userAgent: 'laptop' });
      onStop('client', () => cluster.close());
      const make = (kind: (typeof CORE)[keyof typeof CORE], object: object) =>
        cluster.resource<KubeObject>(kind).create(object as KubeObject);
      for (const namespace of [NAMESPACE, TENANT.namespace]) await make(CORE.Namespace, { metadata: { name: namespace } });
      const metadata = { namespace: TENANT.namespace, name: `${TENANT.name}-admin-kubeconfig` };
      await make(CORE.Secret, { metadata, stringData: { 'admin.conf': tenant.kubeconfig } });
      for (const account of [...CONTROLLERS, 'dms-agent'])
        await make(CORE.ServiceAccount, { metadata: { name: account, namespace: NAMESPACE } });
      for (const service of CONTROLLERS)
        file(`${service}.kubeconfig`, kubeconfigWith(host.kubeconfig, await tokenFor(host, NAMESPACE, service)));

      for (const [i, node] of config.hosts.entries()) {
        await make(CORE.Node, { metadata: { name: node, labels: { 'kubernetes.io/hostname': node } } });
        const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'simulated host' }];
        const status = { addresses: [{ type: 'InternalIP', address: `10.0.0.${i + 1}` }], conditions };
        await cluster.resource<Node>(CORE.Node).patchStatus({ name: node }, { status });
        const containers = [{ name: 'dms-agent', image: 'dms-agent' }];
        const pod = await make(CORE.Pod, {
          metadata: { name: `dms-agent-${node}`, namespace: NAMESPACE },
          spec: { nodeName: node, serviceAccountName: 'dms-agent', containers },
        });
        file(`agents/${node}/token`, await tokenFor(host, NAMESPACE, 'dms-agent', { pod, audience: 'dpf-provisioning-agent' }));
      }

      const hosts = config.hosts.map((node) => ({ name: node, cards: cardsOf(node, config.dpus) }));
      const sim = await startDpuSim({ stateDir: hostsDir, speed: config.speed, hosts });
      onStop('hosts', () => sim.close());
      // An agent's container runs it while there is this file, and from the start again when its boot id changes.
      const boot = (node: string, bootId: string | undefined) =>
        bootId === undefined ? rmSync(join(runDir, 'agents', node, 'boot'), { force: true }) : file(`agents/${node}/boot`, bootId);
      sim.onEvent((event) => boot(event.host, event.event === 'host-up' ? event.bootId : undefined));
      for (const view of sim.hosts()) boot(view.name, view.up ? view.bootId : undefined);

      const images = await serveImages({ [IMAGE]: generateBfb({ bytes: 64 << 20, version: '2.7.0-33' }) }, 8081, '0.0.0.0');
      onStop('images', () => images.close());
      file('ready', '');
      log.info({ hosts: config.hosts }, 'the services can start');
    },
  });
