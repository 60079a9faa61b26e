/** Stories of the whole service: real HTTP, Redis, files and API requests. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { ConfigMap, Secret } from '@dpf/api';
import { generateBfb } from '@dpf/dpu-sim';
import { CORE } from '@dpf/kube';
import type { FaultSpec } from '@dpf/kube-faults';
import { onBothApis } from '@dpf/kube-sim/testing';
import { NAMESPACE, Stage } from '../test/stage.ts';

let seeds = 0;
/** A small image like no other. */
const anImage = (bytes = 100_000, version = '2.7.0') => generateBfb({ bytes, version, seed: ++seeds });

onBothApis((api, startApi) => {
  describe(`on ${api}`, () => {
    let stage: Stage;

    beforeAll(async () => {
      stage = await Stage.start(startApi);
    }, 90_000);
    afterAll(() => stage?.close());

    describe('a replica', () => {
      let stop: () => Promise<void>;
      beforeAll(async () => {
        stop = await stage.replica('one');
      });
      afterEach(async () => {
        stage.images.heal();
        stage.proxy.faults.clear();
        for (const { metadata } of stage.bfbs.store.list()) await stage.delete(metadata.name);
        await stage.until('nothing is left', async () => stage.bfbs.store.size === 0 && (await stage.files()).length === 0);
      });
      afterAll(() => stop());

      /** Offers an image under a path of its own; answers its address. */
      const offer = (path: string, image = anImage()) => {
        stage.images.put(path, image);
        return { image, url: `${stage.images.url}/${path}` };
      };

      test('makes a Bfb Ready: digest, size, versions, conditions, the file by its digest', async () => {
        const { image } = offer('doca.bfb', anImage(200_000, '2.9.1'));
        await stage.create('doca', { url: 'https://vendor.example/doca.bfb', sha256: image.sha256.toUpperCase() });
        const status = await stage.phase('doca', 'Ready');
        expect(status).toMatchObject({
          observedGeneration: 1,
          fileName: 'dpf-doca.bfb',
          sha256: image.sha256,
          size: image.size,
          versions: { doca: '2.9.1', bsp: '4.2.9.1.13127' },
          progress: { bytes: image.size, total: image.size, percent: 100 },
        });
        const conditions = Object.fromEntries(status.conditions?.map((one) => [one.type, `${one.status} ${one.reason}`]) ?? []);
        expect(conditions).toEqual({
          Ready: 'True Published',
          Verified: 'True DigestMatches',
          Reconciling: 'False Published',
          Stalled: 'False Published',
        });
        expect(await stage.files()).toEqual([`${image.sha256}.bfb`]);
        expect(stage.dpuWakes).toContain('bfb/dpf/doca');
        await expect(stage.correct('doca', { url: 'https://elsewhere.example/x.bfb' })).rejects.toThrow(/spec is immutable once an image/);
      });

      test('says why a download failed and when it is tried again, and then succeeds', async () => {
        const { url } = offer('later.bfb');
        stage.images.failNext(404);
        await stage.create('later', { url });
        const before = Date.now();
        const status = await stage.phase('later', 'Error');
        expect(status).toMatchObject({ attempts: 1, lastError: { reason: 'UrlRefused' } });
        expect(status.sha256).toBeUndefined();
        expect(status.lastError?.message).toMatch(/answered with 404 Not Found\. Check spec\.url/);
        expect(Date.parse(status.nextRetryTime ?? '') - before).toBeGreaterThan(20_000);
        expect(stage.condition('later', 'Stalled')).toMatchObject({ status: 'True', reason: 'UrlRefused' });
        stage.ahead += 60_000;
        await stage.wake('later');
        const healed = await stage.phase('later', 'Ready');
        expect(healed).not.toHaveProperty('lastError');
        expect(healed).not.toHaveProperty('nextRetryTime');
      });

      test('heals at once when a wrong address is corrected', async () => {
        const { image, url } = offer('right.bfb');
        await stage.create('typo', { url: `${stage.images.url}/wrnog.bfb` });
        await stage.phase('typo', 'Error');
        await stage.correct('typo', { url });
        expect(await stage.phase('typo', 'Ready')).toMatchObject({ sha256: image.sha256, observedGeneration: 2 });
        expect(stage.fetches('wrnog.bfb')).toBe(1);
      });

      test('gives up a download whose spec was corrected meanwhile, and leaves nothing of it', async () => {
        const [wrong, right] = [offer('wrong.bfb', anImage(2_000_000)), offer('meant.bfb')];
        stage.images.break({ bytesPerSecond: 100_000 });
        await stage.create('hasty', { url: wrong.url });
        await stage.until('it is under way', async () => (await stage.files()).length > 0);
        await stage.correct('hasty', { url: right.url });
        expect(await stage.phase('hasty', 'Ready')).toMatchObject({ sha256: right.image.sha256 });
        expect(await stage.files()).toEqual([`${right.image.sha256}.bfb`]);
      });

      test('refuses an image with another digest than the spec asks for, and keeps none of it', async () => {
        const { image, url } = offer('other.bfb');
        await stage.create('other', { url, sha256: 'ab'.repeat(32) });
        const status = await stage.phase('other', 'Error');
        expect(status.lastError?.reason).toBe('DigestMismatch');
        expect(status.lastError?.message).toContain(`the download has sha256 ${image.sha256}, spec.sha256 asks for ${'ab'.repeat(32)}`);
        expect(stage.condition('other', 'Verified')).toMatchObject({ status: 'False', reason: 'DigestMismatch' });
        expect(await stage.files()).toEqual([]);
      });

      test('goes on where a broken connection ended it', async () => {
        const { image, url } = offer('cut.bfb', anImage(500_000));
        stage.images.break({ truncateAt: 300_000 });
        await stage.create('cut', { url });
        expect((await stage.phase('cut', 'Error')).lastError?.reason).toBe('UrlUnreachable');
        stage.ahead += 60_000;
        await stage.wake('cut');
        expect(await stage.phase('cut', 'Ready')).toMatchObject({ sha256: image.sha256 });
        expect(stage.images.requests.at(-1)).toMatchObject({ path: 'cut.bfb', status: 206 });
        expect(await stage.files()).toEqual([`${image.sha256}.bfb`]);
      });

      test('gives up a download after two hours, says so, and goes on later with what it has', async () => {
        const { image, url } = offer('crawling.bfb', anImage(2_000_000));
        stage.images.break({ bytesPerSecond: 100_000 });
        await stage.create('crawling', { url });
        await stage.until('something has come', async () => (await stage.bytes()) > 0);
        stage.endOfTime();
        const status = await stage.phase('crawling', 'Error');
        expect(status).toMatchObject({ attempts: 1, lastError: { reason: 'DownloadStalled' }, nextRetryTime: expect.any(String) });
        expect(status.lastError?.message).toMatch(/was given up after 2 hours, at \d+ of \d+ bytes\. Check the network/);
        stage.ahead += 60_000;
        await stage.wake('crawling');
        expect(await stage.phase('crawling', 'Ready')).toMatchObject({ sha256: image.sha256 });
        expect(stage.images.requests.at(-1)).toMatchObject({ path: 'crawling.bfb', status: 206 });
      });

      test('tells the progress at most every 10 s', async () => {
        const { url } = offer('slow.bfb', anImage(1_000_000));
        stage.images.break({ bytesPerSecond: 1_000_000 });
        await stage.create('slow', { url });
        await stage.until('it is under way', async () => (await stage.files()).length > 0);
        stage.ahead += 11_000;
        await stage.until('it is told', () => (stage.bfb('slow')?.status?.progress?.percent ?? 100) < 100);
        await stage.phase('slow', 'Ready');
        const told = stage.kube
          .writes()
          .filter(({ verb, objectRef }) => verb === 'patch' && objectRef?.name === 'slow' && objectRef.subresource === 'status');
        expect(told).toHaveLength(1);
        expect(told[0]?.requestObject).toMatchObject({ status: { progress: { total: expect.any(Number) } } });
      });

      test('keeps the end of a download although the object changes at the same moment', async () => {
        const { image, url } = offer('restless.bfb', anImage(300_000));
        stage.images.break({ bytesPerSecond: 1_000_000 });
        await stage.create('restless', { url });
        for (let i = 0; stage.bfb('restless')?.status?.phase !== 'Ready' && i < 200; i++) {
          await stage.label('restless', `change-${i}`);
          await pause(5);
        }
        expect(await stage.phase('restless', 'Ready')).toMatchObject({ sha256: image.sha256 });
        expect(stage.fetches('restless.bfb')).toBe(1);
      });

      test.each<[string, FaultSpec]>([
        ['cannot be read', { kind: 'unavailable', match: { verbs: ['get'], resources: ['bfbs'] }, count: 7 }],
        ['cannot be written', { kind: 'unavailable', match: { verbs: ['update'], resources: ['bfbs/status'] }, count: 3 }],
        [
          'was written and the answer got lost',
          { kind: 'resetAfterWrite', match: { verbs: ['update'], resources: ['bfbs/status'] }, count: 1 },
        ],
      ])('keeps the end of a download although the object %s', async (what, fault) => {
        const name = what.replaceAll(' ', '-');
        const { image, url } = offer(`${name}.bfb`, anImage(400_000));
        stage.images.break({ bytesPerSecond: 1_000_000 });
        await stage.create(name, { url });
        await stage.until('it is under way', async () => (await stage.files()).length > 0);
        const { id } = await stage.proxy.faults.add(fault);
        expect(await stage.phase(name, 'Ready')).toMatchObject({ sha256: image.sha256 });
        expect(stage.proxy.faults.list().find((one) => one.id === id)).toMatchObject({ dealt: fault.count });
        expect(stage.fetches(`${name}.bfb`)).toBe(1);
        expect(await stage.files()).toEqual([`${image.sha256}.bfb`]);
      });

      test('uses the credentials and the CA that the spec names, and shows no secret anywhere', async () => {
        const image = anImage();
        const { certPem, keyPem } = await stage.kube.pki.server(['127.0.0.1']);
        const server = createServer({ cert: certPem, key: keyPem }, ({ headers }, response) => {
          if (headers.authorization === 'Bearer s3cret-t0ken') response.end(image.bytes());
          else response.writeHead(401).end();
        });
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/private.bfb`;
        const secrets = stage.api.resource<Secret>(CORE.Secret);
        const token = (text: string) => ({ token: Buffer.from(text).toString('base64') });
        try {
          await stage.create('private', { url, secretRef: { name: 'images' }, caBundleRef: { name: 'ca' } });
          const missing = await stage.phase('private', 'Error');
          expect(missing.lastError).toMatchObject({ reason: 'SourceSecretInvalid', message: expect.stringContaining('ConfigMap ca') });
          await stage.api
            .resource<ConfigMap>(CORE.ConfigMap)
            .create({ metadata: { name: 'ca', namespace: NAMESPACE }, data: { 'ca.crt': stage.kube.caPem } });
          await secrets.create({ metadata: { name: 'images', namespace: NAMESPACE }, data: token('s3cret-wr0ng') });
          stage.ahead += 60_000;
          await stage.wake('private');
          await stage.until('the server refuses', () => stage.bfb('private')?.status?.lastError?.reason === 'UrlRefused');
          expect(stage.bfb('private')?.status?.attempts).toBe(2);
          await secrets.patch({ name: 'images', namespace: NAMESPACE }, { data: token('s3cret-t0ken') });
          stage.ahead += 120_000;
          await stage.wake('private');
          expect(await stage.phase('private', 'Ready')).toMatchObject({ sha256: image.sha256 });
          const events = await stage.api.resource(CORE.Event).list({ namespace: NAMESPACE });
          expect(stage.logs + JSON.stringify([events, stage.bfb('private'), stage.kube.writes()])).not.toMatch(/s3cret|czNjcmV0/);
        } finally {
          server.closeAllConnections();
          server.close();
        }
      });

      test('keeps one file for two Bfbs of one image, until the last of them is gone', async () => {
        const { image, url } = offer('shared.bfb');
        offer('mirror.bfb', image);
        await stage.create('first', { url });
        await stage.create('second', { url: `${stage.images.url}/mirror.bfb` });
        for (const name of ['first', 'second']) expect(await stage.phase(name, 'Ready')).toMatchObject({ sha256: image.sha256 });
        await stage.delete('first');
        await stage.gone('first');
        expect(await stage.files()).toEqual([`${image.sha256}.bfb`]);
        await stage.create('third', { url: `${stage.images.url}/nowhere.bfb`, sha256: image.sha256 });
        await stage.phase('third', 'Ready');
        expect(stage.fetches('nowhere.bfb')).toBe(0);
        await Promise.all([stage.delete('second'), stage.delete('third')]);
        await stage.until('nothing is left', async () => (await stage.files()).length === 0);
      });

      test('lets a Bfb go only once nothing refers to it, says what does, and removes the file', async () => {
        const { url } = offer('used.bfb');
        await stage.create('used', { url });
        await stage.phase('used', 'Ready');
        await stage.createSet('fleet', 'used');
        await stage.delete('used');
        await stage.phase('used', 'Deleting');
        expect(stage.condition('used', 'Ready')).toMatchObject({
          status: 'False',
          reason: 'BfbInUse',
          message: 'deletion waits until nothing refers to this Bfb any more: DpuSet fleet',
        });
        expect(await stage.files()).toHaveLength(1);
        await stage.deleteSet('fleet');
        await stage.wake('used');
        await stage.gone('used');
        expect(await stage.files()).toEqual([]);
      });

      test('aborts the download of a Bfb that is deleted, and leaves nothing of it', async () => {
        const { url } = offer('unwanted.bfb', anImage(2_000_000));
        stage.images.break({ bytesPerSecond: 100_000 });
        await stage.create('unwanted', { url });
        await stage.until('it is under way', async () => (await stage.files()).length > 0);
        await stage.delete('unwanted');
        await stage.gone('unwanted');
        await stage.until('nothing is left', async () => (await stage.files()).length === 0);
      });

      test('downloads an image again that somebody removed from the volume', async () => {
        const { image, url } = offer('lost.bfb');
        await stage.create('lost', { url });
        await stage.phase('lost', 'Ready');
        await rm(join(stage.volume, `${image.sha256}.bfb`));
        // What its timer does every 5 min.
        await stage.wake('lost');
        await stage.until('it is fetched again', () => stage.fetches('lost.bfb') === 2);
        expect(await stage.phase('lost', 'Ready')).toMatchObject({ sha256: image.sha256 });
        expect(await stage.files()).toEqual([`${image.sha256}.bfb`]);
      });
    });

    describe('the start of a replica, which sweeps the volume,', () => {
      const DAY_MS = 24 * 3_600_000;
      const left = (digit: string) => `${digit.repeat(64)}.bfb`;
      const leave = (...names: string[]) => Promise.all(names.map((name) => writeFile(join(stage.volume, name), 'an image')));
      const startAndStop = async (aheadMs: number) => {
        stage.ahead = aheadMs;
        await (
          await stage.replica('sweeper')
        )();
      };
      afterEach(async () => {
        stage.images.heal();
        for (const { metadata } of stage.bfbs.store.list()) await stage.delete(metadata.name);
        const stop = await stage.replica('last');
        await stage.until('no Bfb is left', () => stage.bfbs.store.size === 0);
        await stop();
        stage.ahead = 0;
        for (const name of await stage.files()) await rm(join(stage.volume, name));
      });

      test('removes an image that no Bfb names once it has been there for a day, and nothing else', async () => {
        await leave(left('a'), 'notes.txt', `${'A'.repeat(64)}.bfb`);
        await startAndStop(DAY_MS - 60_000);
        expect(await stage.files()).toContain(left('a'));
        await startAndStop(DAY_MS + 60_000);
        expect(await stage.files()).toEqual([`${'A'.repeat(64)}.bfb`, 'notes.txt']);
        expect(stage.logs).toContain('an image that no Bfb names was removed');
      });

      test('keeps what a status, a spec or an install names, whatever its age', async () => {
        const image = anImage();
        stage.images.put('kept.bfb', image);
        const stop = await stage.replica('first');
        await leave(left('b'), left('c'), left('d'));
        await stage.create('published', { url: `${stage.images.url}/kept.bfb` });
        await stage.create('wanted', { url: `${stage.images.url}/nowhere.bfb`, sha256: 'B'.repeat(64) });
        await stage.phase('published', 'Ready');
        await stage.phase('wanted', 'Error');
        await stage.installing('reader', 'c'.repeat(64));
        await stop();
        await startAndStop(30 * DAY_MS);
        expect(await stage.files()).toEqual([`${image.sha256}.bfb`, left('b'), left('c')].sort());
        await stage.deleteDpu('reader');
      });

      test('keeps everything while a download is under way: it may turn out to be any image', async () => {
        await leave(left('e'));
        stage.images.put('under-way.bfb', anImage(2_000_000));
        stage.images.break({ bytesPerSecond: 100_000 });
        const stop = await stage.replica('busy');
        await stage.create('under-way', { url: `${stage.images.url}/under-way.bfb` });
        await stage.until('it is under way', async () => (await stage.files()).length > 1);
        await startAndStop(2 * DAY_MS);
        expect(await stage.files()).toContain(left('e'));
        await stop();
      });
    });

    describe('several replicas', () => {
      const stops = new Map<string, () => Promise<void>>();
      const replica = async (name: string) => void stops.set(name, await stage.replica(name));
      /** Serves an image slowly, once, and waits until a replica downloads it; answers which, and the digest. */
      const slowly = async (name: string, bytesPerSecond = 200_000) => {
        const image = anImage(3_000_000);
        stage.images.put(`${name}.bfb`, image);
        stage.images.break({ bytesPerSecond });
        await stage.create(name, { url: `${stage.images.url}/${name}.bfb` });
        return image;
      };
      const busy = async () => {
        let who = '';
        await stage.until('a replica downloads', async () => {
          who = /_\d+_([a-z]+)$/m.exec((await stage.files()).join('\n'))?.[1] ?? '';
          return who !== '';
        });
        return who;
      };
      const publishedOnly = async (name: string, sha256: string) => {
        expect(await stage.phase(name, 'Ready')).toMatchObject({ sha256 });
        expect((await stage.files()).filter((file) => file.includes('.partial') || file.startsWith(sha256))).toEqual([`${sha256}.bfb`]);
      };

      beforeAll(() => {
        stage.ahead = 0;
      });

      test('take over from one that was killed in the middle of a download, with Redis erased', async () => {
        const victim = stage.process('victim');
        // A minute: the second replica has to be there before it is over.
        const image = await slowly('orphan', 50_000);
        expect(await busy()).toBe('victim');
        await replica('two');
        // Both work side by side for a while: a replica that has just started does not know Redis' epoch yet.
        stage.images.put('beside.bfb', anImage());
        await stage.create('beside', { url: `${stage.images.url}/beside.bfb` });
        await stage.phase('beside', 'Ready');
        const exited = once(victim, 'exit');
        victim.kill('SIGKILL');
        await exited;
        expect(stage.bfb('orphan')?.status?.phase).toBe('Downloading');
        stage.images.heal();
        await stage.redis.flush();
        await publishedOnly('orphan', image.sha256);
        expect(stage.fetches('orphan.bfb')).toBe(2);
      });

      test('fetch each image once', async () => {
        await replica('three');
        const names = ['a', 'b', 'c', 'd', 'e'];
        for (const name of names) stage.images.put(`${name}.bfb`, anImage(300_000));
        await Promise.all(names.map((name) => stage.create(name, { url: `${stage.images.url}/${name}.bfb` })));
        for (const name of names) await stage.phase(name, 'Ready');
        expect(names.map((name) => stage.fetches(`${name}.bfb`))).toEqual(names.map(() => 1));
      });

      test('publish an image although Redis was erased while it was downloaded', async () => {
        const image = await slowly('erased');
        await busy();
        await stage.redis.flush();
        await publishedOnly('erased', image.sha256);
        // Again, but by no replica more than once: until both have noticed the erasure, both may work on it.
        expect([2, 3]).toContain(stage.fetches('erased.bfb'));
      });

      test('hand a download over at once when one stops in order', async () => {
        const image = await slowly('handed-over');
        const began = performance.now();
        await stops.get(await busy())?.();
        await publishedOnly('handed-over', image.sha256);
        expect(performance.now() - began).toBeLessThan(12_000);
      });
    });
  });
});
