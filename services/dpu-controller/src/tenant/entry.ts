/** A tenant cluster in use: its kubeconfig Secret watched on the host, and the connection that the present version of it makes. */
import type { Secret } from '@dpf/api';
import { CORE, type Cluster, type Reflector } from '@dpf/kube';
import type { ClusterName } from '../lifecycle/observed.ts';
import { checkKubeconfig } from './kubeconfig.ts';
import { TenantCluster, type TenantClusterOptions, type Unusable } from './tenant-cluster.ts';

/** Kamaji's name for the Secret with the admin kubeconfig of a TenantControlPlane, and the key in it. */
const secretName = (cluster: string): string => `${cluster}-admin-kubeconfig`;
const KEY = 'admin.conf';
/** How long the host's API server may take to show the Secret, in milliseconds. */
const FIRST_LIST_MS = 3_000;

export interface EntryOptions extends Omit<TenantClusterOptions, 'onNode' | 'onReach'> {
  host: Pick<Cluster, 'reflect'>;
  /** Called for a Node of the tenant that changed, and for every user when the cluster itself did. */
  onNode: (event: { cluster: ClusterName; name: string }) => void;
}

type Connection = { version: string } & ({ tenant: TenantCluster } | { unusable: Unusable });

export class Entry {
  readonly #name: ClusterName;
  readonly #options: EntryOptions;
  readonly #secrets: Reflector<Secret>;
  /** Names of the Dpus that asked: they are told when the cluster comes or goes. */
  readonly #users = new Set<string>();
  #connection: Connection | undefined;

  constructor(name: ClusterName, options: EntryOptions) {
    this.#name = name;
    this.#options = options;
    const fieldSelector = `metadata.name=${secretName(name.name)}`;
    this.#secrets = options.host.reflect<Secret>(CORE.Secret, { namespace: name.namespace, fieldSelector });
    this.#secrets.onEvent(() => this.#tellAll());
    this.#secrets.start();
  }

  /** The connection by the present kubeconfig, or why there is none. */
  async connection(userName: string, signal?: AbortSignal): Promise<{ tenant: TenantCluster } | { unusable: Unusable }> {
    this.#users.add(userName);
    const { name, namespace } = this.#name;
    if (!this.#secrets.hasSynced) {
      const patience = AbortSignal.timeout(FIRST_LIST_MS);
      await this.#secrets.synced(signal ? AbortSignal.any([signal, patience]) : patience).catch(() => signal?.throwIfAborted());
      if (!this.#secrets.hasSynced)
        return unusable(
          'ClusterNotFound',
          `Secret ${namespace}/${secretName(name)} cannot be read; check the Role that the chart value tenantClusters makes`,
        );
    }
    const secret = this.#secrets.store.get({ namespace, name: secretName(name) });
    const version = secret ? `${secret.metadata.uid}/${secret.metadata.resourceVersion}` : 'none';
    if (this.#connection?.version === version) return this.#connection;
    const before = this.#connection;
    this.#connection = { version, ...this.#connect(secret) };
    if (before && 'tenant' in before) void before.tenant.close();
    return this.#connection;
  }

  async close(): Promise<void> {
    await this.#secrets.stop();
    if (this.#connection && 'tenant' in this.#connection) await this.#connection.tenant.close();
  }

  #connect(secret: Secret | undefined): { tenant: TenantCluster } | { unusable: Unusable } {
    const where = `Secret ${this.#name.namespace}/${secretName(this.#name.name)}`;
    if (!secret) return unusable('ClusterNotFound', `${where} with the admin kubeconfig does not exist`);
    const data = secret.data?.[KEY];
    if (data === undefined) return unusable('ClusterInvalid', `${where} has no key ${KEY}`);
    const checked = checkKubeconfig(Buffer.from(data, 'base64').toString());
    if ('refused' in checked) return unusable('ClusterInvalid', `the kubeconfig in ${where} is refused: ${checked.refused}`);
    const { host: _host, ...options } = this.#options;
    const onNode = (name: string) => options.onNode({ cluster: this.#name, name });
    return { tenant: new TenantCluster(checked.access, checked.join, { ...options, onNode, onReach: () => this.#tellAll() }) };
  }

  #tellAll(): void {
    for (const name of this.#users) this.#options.onNode({ cluster: this.#name, name });
  }
}

const unusable = (state: Unusable['state'], message: string): { unusable: Unusable } => ({ unusable: { state, message } });
