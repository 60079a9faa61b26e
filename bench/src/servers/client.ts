/** A client of an API server as a process of its own: makes the Dpus of a file, or lists those of a namespace, over the pool of connections that a service has. */
import { readFileSync } from 'node:fs';
import { KINDS, type Dpu } from '@dpf/api';
import { connect } from '@dpf/kube';
import { inLanes } from '../light/parallel.ts';

/** As dpuset-controller (services/dpuset-controller/src/parallel.ts). */
const LANES = 8;

const [kubeconfigFile, namespace, file] = process.argv.slice(2);
if (kubeconfigFile === undefined || namespace === undefined) throw new Error('usage: client.ts KUBECONFIG NAMESPACE [BODIES]');
const cluster = await connect({ kubeconfigFile, userAgent: 'dpf-e2e/bench-client', tuning: { requestMs: 60_000 } });
const dpus = cluster.resource<Dpu>(KINDS.Dpu);
const bodies = file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as Dpu[]);

/** `create`, or `list <page size>`; answers with the number of objects. */
async function perform(ask: string): Promise<number | undefined> {
  const [what, limit] = ask.split(' ');
  if (what === 'create') return (await inLanes(bodies, LANES, (dpu) => dpus.create(dpu))).length;
  if (what === 'list') return (await dpus.list({ namespace, limit: Number(limit) })).items.length;
  return undefined;
}

process.on('message', ({ ask, id }: { ask: string; id: number }) => {
  void perform(ask).then((answer) => answer !== undefined && process.send?.({ id, answer }));
});
// Questions are all that it lives for.
process.channel?.ref();
process.once('SIGTERM', () => void cluster.close().then(() => process.exit()));
process.send?.({ id: 0, answer: 'there' });
