/** The embedded API server as a process of its own: what it costs is not mixed with what measures it. Tells its kubeconfig and its counters. */
import { startKubeSim } from '@dpf/kube-sim';

const [auditLog, ...crds] = process.argv.slice(2);
if (auditLog === undefined) throw new Error('usage: kube-sim.ts AUDIT-LOG [CRDS]');
const sim = await startKubeSim({ crds, auditLog });
process.on('message', ({ ask, id }: { ask: string; id: number }) => {
  if (ask === 'requests') process.send?.({ id, answer: [...sim.requests.list(), ...sim.requests.list({ verb: 'watch' })] });
});
process.send?.({ id: 0, answer: sim.kubeconfig });
process.once('SIGTERM', () => void sim.close().then(() => process.exit()));
