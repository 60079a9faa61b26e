/** The kubelet of an installed OS: joins with nothing but what `kubeadm join` was given, then keeps its Node as a kubelet does. */
import { randomUUID } from 'node:crypto';
import { Agent } from 'node:https';
import { realSleep } from '../clock.ts';
import type { Board } from '../card/board.ts';
import { JoinRefused, type ApiAccess } from './api-request.ts';
import { requestCertificate } from './bootstrap.ts';
import { discover, parseJoin } from './cluster-info.ts';
import { hasCredential, keyInWaiting, loadCredential, saveCredential } from './credential.ts';
import type { Beat } from './heartbeats.ts';
import { LEASE_SECONDS, NodeLease } from './lease.ts';
import { registerNode, reportReady, type NodeFacts } from './node-object.ts';

/** How long kubeadm waits for the certificate: simulated, and in real milliseconds at least. */
const CERTIFICATE_MS = 300_000;
const CERTIFICATE_REAL_MS = 30_000;
/** The status is written with every so many renewals of the Lease: every 5 min, as kubelet does when nothing changed. */
const RENEWALS_PER_REPORT = 30;

export class Kubelet {
  readonly #card: Board;
  #running = new AbortController();
  #refusal = '';

  constructor(card: Board) {
    this.#card = card;
  }

  hasCredential(): boolean {
    return hasCredential(this.#card);
  }

  /** `kubeadm join …` on the card: exit code and what it prints. */
  async join(argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const { signal } = this.#running;
    let nodeName = '';
    try {
      const joining = parseJoin(argv);
      ({ nodeName } = joining);
      const cluster = await discover(joining, signal);
      const keyPem = keyInWaiting(this.#card);
      const deadlineMs = Math.max(this.#card.world.clock.toReal(CERTIFICATE_MS), CERTIFICATE_REAL_MS);
      const access = { ...cluster, token: joining.token };
      const cert = await requestCertificate(access, { nodeName, keyPem }, { deadlineMs, signal });
      signal.throwIfAborted();
      saveCredential(this.#card, { ...cluster, cert, key: keyPem });
      this.#card.journal({ event: 'certificate', node: nodeName });
      void this.start();
      return { code: 0, stdout: 'This node has joined the cluster:\n', stderr: '' };
    } catch (error) {
      const why = (error as Error).message;
      if (!signal.aborted) this.#refused(nodeName, error instanceof JoinRefused ? why : `no connection: ${why}`);
      return { code: 1, stdout: '', stderr: `error execution phase preflight: ${why}\n` };
    }
  }

  /** The OS has a certificate: the kubelet registers its Node, once, and keeps it alive. */
  async start(): Promise<void> {
    const { signal } = this.#running;
    const { server, ca, cert, key, nodeName } = loadCredential(this.#card);
    const agent = new Agent({ ca, cert, key, keepAlive: true, maxSockets: 1 });
    signal.addEventListener('abort', () => agent.destroy(), { once: true });
    const osImage = `Ubuntu 22.04 (${this.#card.installation.osVersion})`;
    const facts: NodeFacts = { nodeName, osImage, bootId: randomUUID(), card: this.#card.spec };
    for (let pauseMs = 1000; !signal.aborted; pauseMs = Math.min(pauseMs * 2, 60_000)) {
      try {
        const { uid, created } = await registerNode({ server, agent }, facts, signal);
        this.#refusal = '';
        this.#card.journal({ event: 'join', node: nodeName, uid, created });
        return this.#card.world.heartbeats.add(beatOf({ server, agent }, facts, signal), signal);
      } catch (error) {
        if (error instanceof JoinRefused) this.#refused(nodeName, error.message);
        await realSleep(pauseMs, signal).catch(() => undefined);
      }
    }
  }

  /** The OS is gone; its Node stays behind as it is. */
  stop(): void {
    this.#running.abort(new Error('the OS was stopped'));
    this.#running = new AbortController();
    this.#refusal = '';
  }

  /** Journaled when the reason changes: a join may be retried for hours. */
  #refused(node: string, why: string): void {
    if (this.#refusal === why) return;
    this.#refusal = why;
    this.#card.journal({ event: 'join-refused', node, why });
  }
}

/** Renews the Lease, and writes the status where it is due, or where the control plane may have lost faith in the meantime. */
function beatOf(access: ApiAccess, facts: NodeFacts, signal: AbortSignal): Beat {
  const lease = new NodeLease(access, facts.nodeName);
  let since = new Date();
  let renewedAt = performance.now();
  let beats = 0;
  return async () => {
    await lease.renew(signal);
    const wasLate = performance.now() - renewedAt > LEASE_SECONDS * 1000;
    renewedAt = performance.now();
    if (wasLate) since = new Date();
    if (wasLate || ++beats % RENEWALS_PER_REPORT === 0) await reportReady(access, facts, { since, signal });
  };
}
