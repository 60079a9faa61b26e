/** A dpu-controller for tests: HTTPS, the three calls, answers as the test says, everything recorded. */
import { createServer, type Server } from 'node:https';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import type { AnnounceReply, Announcement, LastAnnounced, OperationSpec, Report, ReportReply } from '@dpf/api';
import { newFolder } from './folders.ts';
import { selfSigned } from './pki.ts';

export type Answer<T> = T | { status: number; announced?: LastAnnounced };

export class FakeController {
  readonly announcements: Announcement[] = [];
  readonly claims: string[] = [];
  readonly reports: { id: string; report: Report }[] = [];
  readonly specs = new Map<string, OperationSpec>();
  /** What the answers are; a status other than 200 refuses. */
  onAnnounce: (announcement: Announcement) => Answer<AnnounceReply> = () => ({ dpus: [] });
  onReport: (id: string, report: Report) => Answer<ReportReply> = () => ({});
  #server: Server | undefined;
  #changed: (() => void)[] = [];
  readonly folder = newFolder('dms-agent-');
  readonly caFile = join(this.folder, 'ca.crt');
  readonly tokenFile = join(this.folder, 'token');
  url = '';

  async start(port = 0): Promise<this> {
    const { cert, key } = await selfSigned();
    writeFileSync(this.caFile, cert);
    writeFileSync(this.tokenFile, 'the-token\n');
    const server = createServer({ cert, key }, (request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => (text += chunk.toString()));
      request.on('end', () => {
        const answer =
          request.headers.authorization === 'Bearer the-token' ? this.#answer(request.url ?? '', JSON.parse(text)) : { status: 401 };
        const status = 'status' in (answer as object) ? (answer as { status: number }).status : 200;
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(status === 200 ? answer : { reason: 'Test', message: `answers ${status}`, ...(answer as object) }));
        for (const wake of this.#changed.splice(0)) wake();
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    this.#server = server;
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return this;
  }

  /** As new, on the same port. */
  reset(): void {
    for (const list of [this.announcements, this.claims, this.reports]) list.length = 0;
    this.specs.clear();
    this.onAnnounce = () => ({ dpus: [] });
    this.onReport = () => ({});
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  /** Waits until something that the test looks for is there. */
  async until<T>(find: () => T | undefined | false, what: string, ms = 40_000): Promise<T> {
    const late = Date.now() + ms;
    for (;;) {
      const found = find();
      if (found !== undefined && found !== false) return found;
      if (Date.now() > late) throw new Error(`waited in vain for ${what}; reports: ${JSON.stringify(this.reports.slice(-3))}`);
      await new Promise<void>((resolve) => {
        this.#changed.push(resolve);
        setTimeout(resolve, 50);
      });
    }
  }

  /** The result of an operation: its first report that is not `running`. */
  result(id: string, ms?: number): Promise<Report> {
    return this.until(() => this.reports.find((r) => r.id === id && r.report.state !== 'running')?.report, `the result of ${id}`, ms);
  }

  #answer(url: string, body: unknown): Answer<unknown> {
    if (url === '/v1/announce') {
      this.announcements.push(body as Announcement);
      return this.onAnnounce(body as Announcement);
    }
    const [, id, call] = /^\/v1\/operations\/([^/]+)\/(claim|report)$/.exec(url) ?? [];
    if (!id) return { status: 404 };
    if (call === 'claim') {
      this.claims.push(id);
      return this.specs.get(id) ?? { status: 409 };
    }
    this.reports.push({ id, report: body as Report });
    return this.onReport(id, body as Report);
  }
}
