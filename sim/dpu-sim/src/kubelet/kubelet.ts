/** The kubelet of an installed OS: joins with nothing but what `kubeadm join` was given, then keeps its Node as a kubelet does. */
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { realSleep } from '../clock.ts';
import type { Board } from '../card/board.ts';
import { discoverCa, JoinRefused, parseJoin, type JoinArguments } from './cluster-info.ts';
import { putNode } from './node-object.ts';

/** What the kubelet keeps to reach its cluster after a reboot. It stays on the card's disk, and works as long as the server lets it. */
interface Credential extends JoinArguments {
  ca: string;
}
const CREDENTIAL = 'etc/kubernetes/kubelet.conf';

export class Kubelet {
  readonly #card: Board;
  #running = new AbortController();
  #refusal = '';

  constructor(card: Board) {
    this.#card = card;
  }

  hasCredential(): boolean {
    return existsSync(join(this.#card.emmc, CREDENTIAL));
  }

  /** `kubeadm join …` on the card: exit code and what it prints. */
  async join(argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const { signal } = this.#running;
    let nodeName = '';
    try {
      const joining = parseJoin(argv);
      ({ nodeName } = joining);
      const ca = await discoverCa(joining, signal);
      await this.#register({ ...joining, ca }, signal);
      this.#card.writeDisk(CREDENTIAL, JSON.stringify({ ...joining, ca }), 0o600);
      return { code: 0, stdout: 'This node has joined the cluster:\n', stderr: '' };
    } catch (error) {
      const why = (error as Error).message;
      if (!signal.aborted) this.#refused(nodeName, error instanceof JoinRefused ? why : `no connection: ${why}`);
      return { code: 1, stdout: '', stderr: `error execution phase preflight: ${why}\n` };
    }
  }

  /** The OS booted and had joined before: the kubelet registers again. A credential that was withdrawn changes nothing. */
  async start(signal: AbortSignal): Promise<void> {
    const credential = JSON.parse(readFileSync(join(this.#card.emmc, CREDENTIAL), 'utf8')) as Credential;
    for (let pauseMs = 1000; !signal.aborted; pauseMs = Math.min(pauseMs * 2, 60_000)) {
      try {
        return await this.#register(credential, AbortSignal.any([signal, this.#running.signal]));
      } catch (error) {
        if (error instanceof JoinRefused) return this.#refused(credential.nodeName, error.message);
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

  async #register(credential: Credential, signal: AbortSignal): Promise<void> {
    const { uid, created } = await putNode(
      { ...credential, osImage: `Ubuntu 22.04 (${this.#card.installation.osVersion})`, bootId: randomUUID(), card: this.#card.spec },
      signal,
    );
    this.#refusal = '';
    this.#card.journal({ event: 'join', node: credential.nodeName, uid, created });
  }

  /** Journaled when the reason changes: a join may be retried for hours. */
  #refused(node: string, why: string): void {
    if (this.#refusal === why) return;
    this.#refusal = why;
    this.#card.journal({ event: 'join-refused', node, why });
  }
}
