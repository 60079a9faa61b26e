import { createPki } from '@dpf/kube-sim';
import { startKubeApiServer } from './kube-apiserver.ts';
import { connect, CORE } from '../src/index.ts';
const s = await startKubeApiServer(process.env.KUBEBUILDER_ASSETS!, await createPki());
const t0 = performance.now();
const log = (...a: unknown[]) => console.log(((performance.now() - t0) / 1000).toFixed(1), ...a);
const idle = await connect({
  kubeconfig: s.kubeconfig,
  userAgent: 'x',
  onRequest: (e) => log('idle', e.verb, e.code),
  onProblem: (p) => log('idle PROBLEM', p.error.message),
});
const r = idle.reflect(CORE.Lease, { namespace: 'nothing' });
r.start();
await r.synced();
// watch from the future: is it silent?
const f = await connect({
  kubeconfig: s.kubeconfig,
  userAgent: 'x',
  tuning: { watchMs: [5000, 5000] },
  onRequest: (e) => log('f', e.verb, e.code),
  onProblem: (p) => log('f PROBLEM', p.error.message),
});
const fr = f.reflect<any>(CORE.ConfigMap, { namespace: 'default' }) as any;
fr.onEvent((e: any) => log('f event', e.type, e.object.metadata.name));
fr.start();
await fr.synced();
const { Transport } = await import('../src/transport.ts');
const { watch } = await import('../src/watch.ts');
const { kubeconfigCredentials } = await import('../src/kubeconfig.ts');
const tr = new Transport(await kubeconfigCredentials({ kubeconfig: s.kubeconfig }), { userAgent: 'y', tuning: { idleMs: 8000 } });
(async () => {
  try {
    for await (const e of watch<any>(
      tr,
      CORE.ConfigMap,
      { namespace: 'default' },
      { resourceVersion: '100000' },
      new AbortController().signal,
    ))
      log('future', e.type);
    log('future end');
  } catch (e: any) {
    log('future error', e.message);
  }
})();
await f.resource<any>(CORE.ConfigMap).create({ metadata: { namespace: 'default', name: 'n' } });
setTimeout(async () => {
  await idle.close();
  await f.close();
  await tr.destroy();
  await s.close();
  log('rss', process.memoryUsage().rss / 1e6);
}, 200_000);
