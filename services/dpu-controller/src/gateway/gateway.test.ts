/** The endpoint on a real TLS socket, its tokens issued and reviewed by an API server. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Announcement, OperationRef, Report } from '@dpf/api';
import { connect, type Cluster } from '@dpf/kube';
import { onBothApis, type ApiServer } from '@dpf/kube-sim/testing';
import { createLogger } from '@dpf/service';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Reconciler } from '../ports.ts';
import { createIdentities } from './identity.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { AUDIENCE, post, prepare, SERVICE_ACCOUNT, startAgent } from './test/agents.ts';

let kube: ApiServer;
let cluster: Cluster;
let dir: string;
let gateway: Gateway;
let time = Date.now();
let tokens: Record<'w1' | 'w2', string>;
const logged: string[] = [];
/** What reached the reconciler, and what it answers. */
const heard: { call: string; node: string; ref?: OperationRef; body: unknown }[] = [];
let answers: Partial<Pick<Reconciler, 'claim' | 'report' | 'announce'>> = {};

const reconciler: Pick<Reconciler, 'claim' | 'report' | 'announce'> = {
  claim: (ref, node, body) => (heard.push({ call: 'claim', node, ref, body }), (answers.claim ?? yourOperation)(ref, node, body)),
  report: (ref, node, body) => (
    heard.push({ call: 'report', node, body }),
    (answers.report ?? (async () => ({ accepted: {} })))(ref, node, body)
  ),
  announce: (node, body) => (
    heard.push({ call: 'announce', node, body }),
    (answers.announce ?? (async () => ({ accepted: { dpus: [] } })))(node, body)
  ),
};
/** As dpu-controller answers: this Dpu is on w1. */
const yourOperation: Reconciler['claim'] = async (_ref, node) =>
  node === 'w1'
    ? { granted: { kind: 'cleanup', id: 'cleanup.u1.1', pci: '0000-4b-00', uid: 'u1' } }
    : { status: 403, refused: { reason: 'NotYours', message: 'Dpu w1-0000-4b-00 is on Node w1' } };

const renew = async () => {
  const { certPem, keyPem } = await kube.pki.server();
  await Promise.all([writeFile(join(dir, 'tls.crt'), certPem), writeFile(join(dir, 'tls.key'), keyPem)]);
};
const url = () => `https://localhost:${gateway.port}`;
const call = (path: string, body: unknown, token?: string) => post(url(), kube.caPem, path, body, token);
const claim = { instance: 'i1', boot: 1, sequence: 1 };
const report: Report = { instance: 'i1', boot: 1, state: 'running', percent: 5, message: 'pushing' };
const announcement: Announcement = {
  node: 'w1',
  instance: 'i1',
  boot: 1,
  bootId: 'b',
  sequence: 1,
  agentVersion: '0.1.0',
  cards: [{ pci: '0000-4b-00', index: 0, generation: 'BlueField-3', rshim: 'host', present: true }],
  journal: [],
  holds: [],
};

onBothApis((name, startApi) => {
  describe(`on ${name}`, () => {
    beforeAll(async () => {
      kube = await startApi();
      cluster = await connect({ kubeconfig: kube.kubeconfig, userAgent: 'test' });
      dir = await mkdtemp(join(tmpdir(), 'gateway-'));
      await Promise.all([prepare(cluster), renew()]);
      tokens = { w1: (await startAgent(kube, cluster, 'w1')).token, w2: (await startAgent(kube, cluster, 'w2')).token };
      gateway = await startGateway({
        host: '127.0.0.1',
        port: 0,
        certFile: join(dir, 'tls.crt'),
        keyFile: join(dir, 'tls.key'),
        cluster,
        audience: AUDIENCE,
        serviceAccount: SERVICE_ACCOUNT,
        reconciler,
        log: createLogger('test', 'debug', { write: (line) => void logged.push(line) }),
        now: () => time,
        reloadMs: 20,
      });
    }, 90_000);
    beforeEach(() => {
      heard.length = 0;
      answers = {};
      time += 60_001;
    });
    afterAll(async () => {
      await gateway?.close();
      await cluster?.close();
      await kube?.close();
      await rm(dir, { recursive: true });
    });

    describe('who may speak', () => {
      test('an agent, for its own node', async () => {
        expect(await call('/v1/operations/cleanup.u1.1/claim', claim, tokens.w1)).toMatchObject({ status: 200, body: { kind: 'cleanup' } });
        expect(await call('/v1/announce', announcement, tokens.w1)).toMatchObject({ status: 200, body: { dpus: [] } });
        expect(heard).toEqual([
          { call: 'claim', node: 'w1', ref: { kind: 'cleanup', uid: 'u1', attempt: 1 }, body: claim },
          { call: 'announce', node: 'w1', body: announcement },
        ]);
      });

      test('an agent asking for another node’s operation gets 403', async () => {
        expect(await call('/v1/operations/cleanup.u1.1/claim', claim, tokens.w2)).toMatchObject({
          status: 403,
          body: { reason: 'NotYours' },
        });
        expect(await call('/v1/operations/reset.w1.1/claim', claim, tokens.w2)).toMatchObject({
          status: 403,
          body: { reason: 'NotYours' },
        });
        expect(await call('/v1/announce', announcement, tokens.w2)).toMatchObject({
          status: 403,
          body: { reason: 'NotYours', message: 'this agent runs on w2 and announced itself for w1' },
        });
        expect(heard.map(({ call: what }) => what)).toEqual(['claim']);
      });

      test('nobody without a token, with one that is none, or one for another audience', async () => {
        const elsewhere = await startAgent(kube, cluster, 'w1', { audience: 'https://kubernetes.default.svc' });
        for (const token of [undefined, 'x', 'a.b.c', elsewhere.token])
          expect(await call('/v1/announce', announcement, token)).toMatchObject({ status: 401, body: { reason: 'Unauthenticated' } });
        expect(heard).toEqual([]);
      });

      test('not the service account of somebody else', async () => {
        const { token } = await startAgent(kube, cluster, 'w1', { account: 'somebody' });
        expect(await call('/v1/announce', announcement, token)).toMatchObject({ status: 403, body: { reason: 'NotAnAgent' } });
      });

      test('an agent whose Pod is gone is refused a minute later at the latest; one review serves a minute', async () => {
        const agent = await startAgent(kube, cluster, 'w3');
        const own = { ...announcement, node: 'w3' };
        const reviews = () => kube.requests({ resource: 'tokenreviews' });
        const before = reviews();
        await Promise.all([call('/v1/announce', own, agent.token), call('/v1/announce', own, agent.token)]);
        expect((await call('/v1/announce', own, agent.token)).status).toBe(200);
        expect(reviews() - before).toBe(1);
        await agent.kill();
        // A real API server believes for 10 s what it has verified itself.
        const refused = async () => {
          time += 60_001;
          return (await call('/v1/announce', own, agent.token)).status !== 200;
        };
        for (let tries = 0; tries < 150 && !(await refused()); tries++) await pause(100);
        expect(await call('/v1/announce', own, agent.token)).toMatchObject({ status: 401, body: { reason: 'Unauthenticated' } });
      });
    });

    describe('the node of an agent', () => {
      const withoutNodeName: Pick<Cluster, 'reviewToken' | 'resource'> = {
        resource: (kind) => cluster.resource(kind),
        reviewToken: async (...asked) => {
          const review = await cluster.reviewToken(...asked);
          return { ...review, extra: { ...review.extra, 'authentication.kubernetes.io/node-name': [] } };
        },
      };
      const nodeOf = (token: string) =>
        createIdentities({ cluster: withoutNodeName, audience: AUDIENCE, serviceAccount: SERVICE_ACCOUNT, now: () => time }).nodeOf(
          `Bearer ${token}`,
          AbortSignal.timeout(5_000),
        );
      test('is that of its Pod, where an older API server does not put it into the token', async () => {
        expect(await nodeOf(tokens.w2)).toBe('w2');
      });
    });

    describe('what is answered', () => {
      test.each<[string, string, unknown, number, RegExp]>([
        ['a body that is no JSON', '/v1/announce', '{', 400, /JSON/],
        ['a field that is missing', '/v1/operations/cleanup.u1.1/claim', { boot: 1 }, 400, /must have required property 'instance'/],
        [
          'a number as text',
          '/v1/operations/cleanup.u1.1/claim',
          { instance: 'i', boot: '1', sequence: 1 },
          400,
          /body\/boot must be integer/,
        ],
        [
          'a PCI address of another form',
          '/v1/announce',
          { ...announcement, cards: [{ ...announcement.cards[0], pci: '4b:00.0' }] },
          400,
          /cards\/0\/pci/,
        ],
        ['a body without bounds', '/v1/announce', 'x'.repeat(70_000), 413, /too large/],
        ['an id that is none', '/v1/operations/..%2F..%2Fnodes/claim', claim, 409, /no operation id/],
        ['a call that there is not', '/v1/nothing', {}, 404, /there is no POST/],
      ])('%s', async (_, path, body, status, message) => {
        const answer = await call(path, body, tokens.w1);
        expect(answer).toMatchObject({ status, body: { message: expect.stringMatching(message) } });
        expect(heard).toEqual([]);
      });

      test('a stale operation: 409, drop it', async () => {
        answers.report = async () => ({ status: 409, refused: { reason: 'OperationStale', message: 'attempt 2 is the present one' } });
        const answer = await call('/v1/operations/install.u1.1/report', report, tokens.w1);
        expect(answer).toMatchObject({ status: 409, body: { reason: 'OperationStale', message: 'attempt 2 is the present one' } });
      });

      test('a stale announcement: 409, with what is known of the host', async () => {
        const announced = { boot: 7, bootId: 'b', sequence: 3, reset: true as const };
        answers.announce = async () => ({ status: 409, refused: { reason: 'AnnouncementStale', message: 'heard before', announced } });
        expect(await call('/v1/announce', announcement, tokens.w1)).toMatchObject({ status: 409, body: { announced } });
      });

      test('of a crowd a few at a time, the others in their turn: reconciles need the API server too', async () => {
        const [full, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
        let begun = 0;
        answers.claim = async (...asked) => {
          if (++begun === 16) full.resolve();
          await gate.promise;
          return yourOperation(...asked);
        };
        const crowd = Array.from({ length: 50 }, () => call('/v1/operations/cleanup.u1.1/claim', claim, tokens.w1));
        await full.promise;
        // What waits for no turn is answered, by when the others have arrived too.
        const { status } = await call('/v1/nothing', {}, tokens.w1);
        const atATime = begun;
        gate.resolve();
        expect([status, atATime]).toEqual([404, 16]);
        expect((await Promise.all(crowd)).map(({ status }) => status)).toEqual(crowd.map(() => 200));
      });

      test('an outage: 503, keep it and try again; neither answer nor log holds what the reconciler said of secrets', async () => {
        answers.claim = async () => Promise.reject(new Error('cannot patch: token abcdef.0123456789abcdef'));
        const answer = await call('/v1/operations/install.u1.1/claim', claim, tokens.w1);
        expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' }, body: { reason: 'Unavailable' } });
        expect(JSON.stringify([answer.body, logged])).not.toContain('0123456789abcdef');
      });

      test('a claim with bf.cfg is answered to the agent alone: nothing is kept on the way, nothing is logged', async () => {
        const bfcfg = 'ubuntu_PASSWORD=secret';
        answers.claim = async () => ({
          granted: {
            kind: 'install',
            id: 'install.u1.1',
            pci: '0000-4b-00',
            uid: 'u1',
            attempt: 1,
            bfbPath: 'x.bfb',
            bfbSha256: 'x',
            bfbSize: 1,
            bfcfg,
            marker: 'm',
            deadlines: { noByteSeconds: 1, noLogSeconds: 1, totalSeconds: 1 },
          },
        });
        const answer = await call('/v1/operations/install.u1.1/claim', claim, tokens.w1);
        expect(answer).toMatchObject({ status: 200, body: { bfcfg }, headers: { 'cache-control': 'no-store' } });
        expect(logged.join()).not.toContain('secret');
        expect(logged.join()).not.toContain(tokens.w1);
      });

      test('what a report says is cut and rid of secrets; fields of a newer agent are dropped', async () => {
        const said = { ...report, message: `failed with Bearer abcdefghijkl ${'x'.repeat(5000)}`, novelty: true };
        expect((await call('/v1/operations/install.u1.1/report', said, tokens.w1)).status).toBe(200);
        const { message, ...rest } = heard[0]?.body as Report & { message: string };
        expect(message).toHaveLength(1024);
        expect(message).toContain('Bearer [redacted]');
        expect(Object.keys(rest)).not.toContain('novelty');
      });

      test('an agent gone wild has to wait, the others do not notice', async () => {
        const flood = await Promise.all(Array.from({ length: 70 }, () => call('/v1/operations/install.u1.1/report', report, tokens.w1)));
        const refused = flood.filter(({ status }) => status === 429);
        expect(refused).toHaveLength(10);
        expect(refused[0]).toMatchObject({ headers: { 'retry-after': '1' }, body: { reason: 'TooManyRequests' } });
        expect((await call('/v1/announce', { ...announcement, node: 'w2' }, tokens.w2)).status).toBe(200);
      });
    });

    test('a renewed certificate is served without a restart', async () => {
      const before = (await call('/v1/announce', announcement, tokens.w1)).serial;
      await renew();
      let now = before;
      for (let i = 0; i < 100 && now === before; i++) now = (await call('/v1/nothing', {}, tokens.w2)).serial;
      expect(now).not.toBe(before);
    });
  });
});
