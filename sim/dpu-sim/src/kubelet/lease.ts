/** The Lease by which a node says that it lives: kube-node-lease/<node>, owned by its Node so that it goes with it. */
import { refusal, request, type ApiAccess } from './api-request.ts';

const LEASES = '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases';
/** Seconds without a renewal after which the control plane stops believing in the node. */
export const LEASE_SECONDS = 40;

interface Lease {
  metadata: { name: string; ownerReferences?: object[] };
  spec?: object;
}

export class NodeLease {
  readonly #access: ApiAccess;
  readonly #nodeName: string;
  /** As the server had it last; undefined: it has to be looked up. */
  #known: Lease | undefined;

  constructor(access: ApiAccess, nodeName: string) {
    this.#access = access;
    this.#nodeName = nodeName;
  }

  /** Renews it, and makes it where it is missing, except for a Node that does not exist. @throws JoinRefused when the server says no */
  async renew(signal: AbortSignal): Promise<void> {
    const known = this.#known ?? (await this.#find(signal));
    this.#known = undefined;
    this.#known = known ? await this.#put(known, signal) : await this.#create(signal);
  }

  async #find(signal: AbortSignal): Promise<Lease | undefined> {
    const found = await request({ ...this.#access, path: `${LEASES}/${this.#nodeName}`, signal });
    if (found.status === 404) return undefined;
    if (found.status !== 200) throw refusal('read its Lease', found);
    return found.body as Lease;
  }

  async #put(lease: Lease, signal: AbortSignal): Promise<Lease> {
    const body = { ...lease, spec: { ...lease.spec, ...this.#spec() } };
    const written = await request({ ...this.#access, method: 'PUT', path: `${LEASES}/${this.#nodeName}`, body, signal });
    if (written.status !== 200) throw refusal('renew its Lease', written);
    return written.body as Lease;
  }

  async #create(signal: AbortSignal): Promise<Lease | undefined> {
    const name = this.#nodeName;
    const node = await request({ ...this.#access, path: `/api/v1/nodes/${name}`, signal });
    if (node.status === 404) return undefined;
    if (node.status !== 200) throw refusal('read its Node', node);
    const { uid } = (node.body as { metadata: { uid: string } }).metadata;
    const body = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }] },
      spec: this.#spec(),
    };
    const made = await request({ ...this.#access, method: 'POST', path: LEASES, body, signal });
    if (made.status !== 201) throw refusal('create its Lease', made);
    return made.body as Lease;
  }

  #spec(): object {
    // metav1.MicroTime has six digits.
    const renewTime = new Date().toISOString().replace('Z', '000Z');
    return { holderIdentity: this.#nodeName, leaseDurationSeconds: LEASE_SECONDS, renewTime };
  }
}
