/** The part of a control plane that answers signing requests, as kube-controller-manager does. */
import type { Pki } from '@dpf/pki';
import { collectionOf, type Api, type Call } from '../api.ts';
import { systemCall } from '../install.ts';
import { timestamp, type KubeObject } from '../objects.ts';
import type { Stored } from '../store/collection.ts';
import { remove } from '../verbs/delete.ts';
import { record } from '../verbs/record.ts';
import { byUpdate, update } from '../verbs/write.ts';
import { judge } from './judge.ts';
import { conditionsOf, CSR, type Condition } from './resource.ts';
import { sign } from './sign.ts';

/** How often requests are looked through for old ones, in milliseconds. */
const CLEANING_MS = 600_000;

/** Answers what is there and what comes; returns what stops that. */
export function answerSigningRequests(api: Api, pki: Pki): () => void {
  const controller = new Controller(api, pki);
  const collection = collectionOf(api, CSR);
  const lookAtAll = () => [...collection.items.keys()].forEach((key) => controller.look(key));
  api.store.onChange(({ type, key }, { id }) => {
    if (id === CSR.collection && type !== 'DELETED') controller.look(key);
  });
  lookAtAll();
  const cleaning = setInterval(lookAtAll, CLEANING_MS).unref();
  return () => {
    clearInterval(cleaning);
    controller.stopped = true;
  };
}

class Controller {
  stopped = false;
  readonly #api: Api;
  readonly #pki: Pki;
  readonly #due = new Set<string>();

  constructor(api: Api, pki: Pki) {
    this.#api = api;
    this.#pki = pki;
  }

  /** Answers a request once the change that it came with is committed. */
  look(key: string): void {
    if (this.#due.has(key)) return;
    this.#due.add(key);
    setImmediate(() => {
      this.#due.delete(key);
      if (!this.stopped) this.#answer(key);
    });
  }

  #answer(key: string): void {
    const stored = this.#read(key);
    if (!stored) return;
    const verdict = judge(stored.object, this.#api.clock());
    if (verdict === 'forget') this.#forget(stored);
    if (verdict === 'approve')
      this.#write('approval', stored, {
        conditions: [this.#condition('Approved', 'AutoApproved', 'Auto approving kubelet client certificate after SubjectAccessReview.')],
      });
    if (verdict === 'sign') void this.#sign(key, stored.object);
  }

  async #sign(key: string, object: KubeObject): Promise<void> {
    const now = this.#api.clock();
    const status = await sign(object, this.#pki, now).then(
      (pem) => ({ certificate: Buffer.from(pem).toString('base64') }),
      (error: Error) => ({ conditions: [...conditionsOf(object), this.#condition('Failed', 'SignerValidationFailure', error.message)] }),
    );
    const stored = this.#read(key);
    if (this.stopped || !stored || stored.object.metadata.uid !== object.metadata.uid) return;
    if (judge(stored.object, now) === 'sign') this.#write('status', stored, status);
  }

  #read(key: string): Stored | undefined {
    return collectionOf(this.#api, CSR).items.get(key);
  }

  #condition(type: string, reason: string, message: string): Condition & { lastUpdateTime: string; lastTransitionTime: string } {
    const now = timestamp(this.#api.clock());
    return { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now };
  }

  #write(subresource: string, old: Stored, status: object): void {
    const call = this.#call(old, subresource);
    const body = { ...old.object, status: { ...(old.object['status'] as object), ...status } };
    const stored = update(this.#api, call, old, body, byUpdate(this.#api, call));
    record(this.#api, call, { verb: 'update', before: old.object, after: stored.object, body });
  }

  #forget(old: Stored): void {
    const call = this.#call(old);
    remove(this.#api, call, old, { uid: old.object.metadata.uid! });
    record(this.#api, call, { verb: 'delete', before: old.object });
  }

  #call({ object }: Stored, subresource?: string): Call {
    return {
      ...systemCall(this.#api, 'certificates.k8s.io/v1', CSR.plural),
      name: object.metadata.name,
      ...(subresource && { subresource }),
      user: { name: 'system:serviceaccount:kube-system:certificate-controller', groups: [] },
      userAgent: 'kube-controller-manager',
    };
  }
}
