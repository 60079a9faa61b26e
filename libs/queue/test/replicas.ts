/** Replicas in processes of their own, and a referee who knows what every one of them is doing. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { QueueEvent, WorkQueueOptions } from '../src/index.ts';

export interface ReplicaSettings {
  url: string;
  queue: string;
  options: Partial<WorkQueueOptions>;
  workMs: number;
  timeoutMs?: number;
}
export interface Ask {
  ask: number;
  start?: string;
  resourceVersion?: string;
  end?: string;
  /** Ended as it should, not after an abort. */
  ok?: boolean;
}
export type Told = Ask | { aborted: string } | { event: Partial<QueueEvent> & { type: QueueEvent['type']; key: string } } | { ready: true };

const WORKER = fileURLToPath(new URL('worker.ts', import.meta.url));

/** The world that the replicas reconcile: each key has a version that they must have seen in the end. */
export class Referee {
  readonly versions = new Map<string, number>();
  private readonly seen = new Map<string, number>();
  private readonly working = new Map<string, Map<ChildProcess, number>>();
  readonly starts = new Map<string, number[]>();
  readonly resourceVersions = new Map<string, string | undefined>();
  /** Descriptions of two replicas at one key that neither had been told to stop. */
  readonly overlaps: string[] = [];
  readonly events: { type: string; key: string }[] = [];
  /** Keys whose next worker is not let on until `letGo`. */
  readonly held = new Set<string>();
  private readonly withheld: (() => void)[] = [];
  private watchers: (() => void)[] = [];

  letGo(): void {
    this.held.clear();
    for (const answer of this.withheld.splice(0)) answer();
  }

  change(key: string): void {
    this.versions.set(key, (this.versions.get(key) ?? 0) + 1);
  }

  /** Keys whose last change nobody has seen. */
  lost(): string[] {
    return [...this.versions].filter(([key, version]) => this.seen.get(key) !== version).map(([key]) => key);
  }

  runs(key: string): number {
    return this.starts.get(key)?.length ?? 0;
  }

  hear(child: ChildProcess, told: Told): void {
    if ('event' in told) this.events.push(told.event);
    else if ('aborted' in told) this.working.get(told.aborted)?.delete(child);
    else if ('ask' in told) {
      if (told.start !== undefined) this.started(child, told.start, told.resourceVersion);
      if (told.end !== undefined) this.ended(child, told.end, told.ok === true);
      const answer = () => void (child.connected && child.send({ answer: told.ask }));
      if (told.start !== undefined && this.held.has(told.start)) this.withheld.push(answer);
      else answer();
    }
    for (const watcher of this.watchers.splice(0)) watcher();
  }

  gone(child: ChildProcess): void {
    for (const holders of this.working.values()) holders.delete(child);
    for (const watcher of this.watchers.splice(0)) watcher();
  }

  /** Waits for a condition, looked at whenever anything is heard. */
  async until(what: string, condition: () => boolean, ms = 30_000): Promise<void> {
    const deadline = performance.now() + ms;
    while (!condition()) {
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`not within ${ms} ms: ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.watchers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  private started(child: ChildProcess, key: string, resourceVersion: string | undefined): void {
    const holders = this.working.get(key) ?? new Map<ChildProcess, number>();
    this.working.set(key, holders);
    if (holders.size > 0)
      this.overlaps.push(`${key} started by ${child.pid} while ${[...holders.keys()].map((other) => other.pid)} works on it`);
    holders.set(child, this.versions.get(key) ?? 0);
    this.starts.set(key, [...(this.starts.get(key) ?? []), performance.now()]);
    this.resourceVersions.set(key, resourceVersion);
  }

  private ended(child: ChildProcess, key: string, ok: boolean): void {
    const version = this.working.get(key)?.get(child);
    this.working.get(key)?.delete(child);
    if (ok && version !== undefined) this.seen.set(key, Math.max(version, this.seen.get(key) ?? 0));
  }
}

export class Replicas {
  readonly referee = new Referee();
  readonly children: ChildProcess[] = [];
  private readonly settings: ReplicaSettings;
  everyKey: string[] = [];

  constructor(settings: ReplicaSettings) {
    this.settings = settings;
  }

  /** Starts one and waits until it works. */
  async start(): Promise<ChildProcess> {
    const child = fork(WORKER, [JSON.stringify(this.settings)], { execArgv: ['--disable-warning=ExperimentalWarning'] });
    this.children.push(child);
    // Answers to one that was killed.
    child.on('error', () => {});
    const ready = new Promise<void>((resolve, reject) => {
      child.on('message', (told: Told) => ('ready' in told ? resolve() : this.referee.hear(child, told)));
      child.once('exit', (code) => reject(new Error(`a replica ended with code ${code}`)));
    });
    child.once('exit', () => this.referee.gone(child));
    child.send({ everyKey: this.everyKey });
    await ready;
    return child;
  }

  async end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.children.splice(this.children.indexOf(child), 1);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Asks one to stop in order. */
  async closed(child: ChildProcess): Promise<number | null> {
    const ended = once(child, 'exit');
    child.send({ close: true });
    const [code] = (await ended) as [number | null];
    this.children.splice(this.children.indexOf(child), 1);
    return code;
  }

  async close(): Promise<void> {
    for (const child of [...this.children]) await this.end(child);
  }
}
