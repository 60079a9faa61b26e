/** The server as a command: `node sim/kube-sim/src/main.ts --port 6443 --kubeconfig-out FILE --crds DIR`. */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { startKubeSim } from './server.ts';

const HELP = `Usage: node sim/kube-sim/src/main.ts [options]

An embedded Kubernetes API server for demonstrations and tests. It listens on loopback, with TLS.

  --host ADDRESS         address to listen on (127.0.0.1)
  --port NUMBER          port to listen on (any free one)
  --kubeconfig-out FILE  write an administrator's kubeconfig there, readable by you alone (else: print it)
  --crds PATH            install the CustomResourceDefinitions of a file or folder; may be given several times
  --audit-log FILE       append every accepted write as a line of JSON
  --data-dir DIR         keep the state there: the next start with the same folder goes on from it
  --faults-port NUMBER   port of the control API of faults (any free one; sim/kube-faults/README.md)
  --help                 this text
`;

const { values } = parseArgs({
  options: {
    host: { type: 'string' },
    port: { type: 'string' },
    'kubeconfig-out': { type: 'string' },
    crds: { type: 'string', multiple: true },
    'audit-log': { type: 'string' },
    'data-dir': { type: 'string' },
    'faults-port': { type: 'string' },
    help: { type: 'boolean' },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const { host, port, crds, 'audit-log': auditLog, 'data-dir': dataDir, 'faults-port': faultsPort, 'kubeconfig-out': out } = values;
  const sim = await startKubeSim({ host, port: Number(port ?? 0), crds, auditLog, dataDir, faultsPort: Number(faultsPort ?? 0) });
  if (out === undefined) process.stdout.write(sim.kubeconfig);
  else await writeFile(out, sim.kubeconfig, { mode: 0o600 });
  console.error(`kube-sim: listening on ${sim.url}${out === undefined ? '' : `, kubeconfig in ${out}`}; faults: ${sim.faultsUrl}`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void sim.close());
}
