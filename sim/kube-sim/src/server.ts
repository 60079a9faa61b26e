/** The embedded API server: an HTTPS listener on loopback in front of the store. */
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { FaultLayer, serveControl } from '@dpf/kube-faults';
import { startControllers } from '@dpf/kube-controllers';
import { clientKubeconfig, createPki, type Pki } from '@dpf/pki';
import type { Api } from './api.ts';
import { RequestCounters } from './audit.ts';
import { createKeys } from './auth/keys.ts';
import { controlledApi } from './controlled.ts';
import { answering } from './http/answer.ts';
import { installDefinitions, installNamespaces } from './install.ts';
import { BUILT_IN } from './resources/built-in.ts';
import { serveDefinitions } from './resources/crd.ts';
import { Registry } from './resources/resource.ts';
import { Journal } from './store/journal.ts';
import { Store } from './store/store.ts';

export interface KubeSimOptions {
  /** Default 127.0.0.1. */
  host?: string;
  /** Default: any free port. */
  port?: number;
  /** URL by which clients reach it, where it is another one than that of the listener: it stands in kubeconfigs and cluster-info. */
  advertisedUrl?: string;
  /** The CA to use; default: a new one. */
  pki?: Pki;
  /** Files or folders (*.yaml, *.yml, *.json) with CustomResourceDefinitions to install at the start. */
  crds?: string[];
  /** A file to which every accepted write is appended, as a line of JSON. */
  auditLog?: string;
  /** A folder in which the state outlives the process; default: it does not. */
  dataDir?: string;
  /** Port of the control API of the faults; default: any free one. */
  faultsPort?: number;
  /** The present time; default: the machine's. */
  clock?: () => Date;
}

export interface KubeSim {
  url: string;
  /** Kubeconfig of an administrator, with a client certificate. */
  kubeconfig: string;
  caPem: string;
  pki: Pki;
  /** Counters of all requests. */
  requests: RequestCounters;
  /** Misbehaviour on demand, and the URL of its control API. */
  faults: FaultLayer;
  faultsUrl: string;
  /** Watches that are open now. */
  openWatches(): number;
  /** Forgets the history: lists that continue and watches that resume from before get 410. */
  compact(): void;
  close(): Promise<void>;
}

/** Starts a server that listens on loopback with TLS, and resolves once it answers. */
export async function startKubeSim(options: KubeSimOptions = {}): Promise<KubeSim> {
  const { host = '127.0.0.1', port = 0, clock = () => new Date() } = options;
  const journal = options.dataDir === undefined ? undefined : new Journal(options.dataDir);
  const kept = journal?.keys();
  const pki = options.pki ?? (await createPki(kept));
  const keys = createKeys(kept?.tokenKeyPem);
  journal?.keepKeys({ caPem: pki.caPem, caKeyPem: pki.caKeyPem, tokenKeyPem: keys.pem });
  const { auditLog } = options;
  if (auditLog !== undefined) writeFileSync(auditLog, '', { flag: 'a' });
  const store = new Store();
  const api: Api = { store, registry: new Registry(), auditLog, requests: new RequestCounters(), keys, clock };
  for (const resource of BUILT_IN) api.registry.add(resource);
  journal?.attach(store);
  serveDefinitions(store, api.registry);
  installNamespaces(api);
  await installDefinitions(api, options.crds ?? []);

  const faults = new FaultLayer({ revision: () => store.revision, restart: () => store.compact() });
  const names = ['localhost', '127.0.0.1', '::1', host, 'kubernetes', 'kubernetes.default.svc'];
  if (options.advertisedUrl !== undefined) names.push(new URL(options.advertisedUrl).hostname);
  const { certPem, keyPem } = await pki.server([...new Set(names)]);
  const server = createServer(
    { cert: certPem, key: keyPem, ca: pki.caPem, requestCert: true, rejectUnauthorized: false, keepAliveTimeout: 60_000, noDelay: true },
    faults.wrap(answering(api)),
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const url = options.advertisedUrl ?? `https://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`;
  const control = await serveControl(faults, options.faultsPort);
  const stopControllers = startControllers(controlledApi(api), pki, url);
  const admin = await pki.client('kubernetes-admin', ['system:masters']);
  return {
    url,
    kubeconfig: clientKubeconfig(url, pki.caPem, admin),
    caPem: pki.caPem,
    pki,
    requests: api.requests,
    faults,
    faultsUrl: control.url,
    openWatches: () => faults.openWatches,
    compact: () => store.compact(),
    close: async () => {
      stopControllers();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([closed, control.close()]);
      journal?.close();
    },
  };
}
