/** Answers signing requests. */
import { signingRequest, type Pki } from '@dpf/pki';
import { accountOf, type ControlledApi, type Place } from './api.ts';
import { CLIENT_OF_NODE, isClientOfNode, judge, type Condition, type SigningRequest } from './judge.ts';
import { Queue } from './queue.ts';

const CONTROLLER = accountOf('certificate-controller');
const RESOURCE = 'certificates.k8s.io/certificatesigningrequests';
/** How often requests are looked through for old ones, in milliseconds. */
const CLEANING_MS = 600_000;
const YEAR_SECONDS = 365 * 86_400;

/** Answers what is there and what comes; returns what stops that. */
export function answerSigningRequests(api: ControlledApi, pki: Pki): () => void {
  const controller = new Controller(api, pki);
  const lookAtAll = () => api.keys(RESOURCE).forEach((key) => controller.queue.add({ resource: RESOURCE, key }));
  api.onChange((place, now) => {
    if (place.resource === RESOURCE && now) controller.queue.add(place);
  });
  lookAtAll();
  const cleaning = setInterval(lookAtAll, CLEANING_MS).unref();
  return () => {
    clearInterval(cleaning);
    controller.queue.stop();
    controller.stopped = true;
  };
}

class Controller {
  stopped = false;
  readonly queue = new Queue((place) => this.#answer(place));
  readonly #api: ControlledApi;
  readonly #pki: Pki;

  constructor(api: ControlledApi, pki: Pki) {
    this.#api = api;
    this.#pki = pki;
  }

  #answer(place: Place): void {
    const object = this.#read(place);
    const verdict = object && judge(object, this.#api.now());
    if (verdict === 'forget') this.#api.delete(CONTROLLER, place, {});
    if (verdict === 'approve') {
      const why = 'Auto approving kubelet client certificate after SubjectAccessReview.';
      this.#write('approval', place, object!, { conditions: [this.#condition('Approved', 'AutoApproved', why)] });
    }
    if (verdict === 'sign') void this.#sign(place, object!);
  }

  async #sign(place: Place, object: SigningRequest): Promise<void> {
    const now = this.#api.now();
    const status = await this.#certificateFor(object, now).then(
      (pem) => ({ certificate: Buffer.from(pem).toString('base64') }),
      ({ message }: Error) => ({
        conditions: [...object.status!.conditions!, this.#condition('Failed', 'SignerValidationFailure', message)],
      }),
    );
    const present = this.#read(place);
    if (this.stopped || present?.metadata.uid !== object.metadata.uid) return;
    if (judge(present!, now) === 'sign') this.#write('status', place, present!, status);
  }

  /** PEM. @throws Error that says why it is not signed: such a request has failed for good */
  async #certificateFor({ spec }: SigningRequest, now: Date): Promise<string> {
    const request = signingRequest(spec.request);
    if (spec.signerName === CLIENT_OF_NODE && !isClientOfNode(request, spec.usages))
      throw new Error('it is no request for the client certificate of a node');
    const seconds = Math.min(spec.expirationSeconds ?? YEAR_SECONDS, YEAR_SECONDS);
    return this.#pki.sign(request, { usages: spec.usages, now, seconds });
  }

  #read(place: Place): SigningRequest | undefined {
    return this.#api.get(place) as SigningRequest | undefined;
  }

  #condition(type: string, reason: string, message: string): Condition & { lastUpdateTime: string; lastTransitionTime: string } {
    const now = this.#api
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    return { type, status: 'True', reason, message, lastUpdateTime: now, lastTransitionTime: now };
  }

  #write(subresource: string, place: Place, object: SigningRequest, status: SigningRequest['status']): void {
    this.#api.update(CONTROLLER, place, { ...object, status: { ...object.status, ...status } }, subresource);
  }
}
