/** `node sim/dpu-sim/src/main.ts --state DIR …`: all simulated hosts in one process. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { FAULTS, type FaultName } from './faults.ts';
import { generateBfb, type GeneratedBfb } from './images/generate.ts';
import { serveImages } from './images/serve.ts';
import { startDpuSim } from './simulator.ts';
import { parseHosts } from './spec.ts';

const HELP = `Simulated hosts with BlueField DPUs.

  --state DIR       what survives the simulator: eMMC, NVCONFIG, journal (required)
  --mount DIR       mount the file trees here (Linux, root); HOST_ROOT of an agent is DIR/<host>
  --ctl SOCKET      control socket (default DIR/ctl.sock)
  --speed X         simulated seconds per second (default 60)
  --hosts N|FILE    number of hosts (default 4, the first with two DPUs) or a JSON file
  --fault NAME[@HOST[/PCI]][,persistent][,key=value…]   arm a fault; may be repeated
  --serve PORT      also serve generated images over HTTP (0: any free port)
  --bfb VERSION[:BYTES]   an image to serve as bf-bundle-VERSION.bfb; may be repeated (default 2.7.0:67108864)

The first line on standard output is JSON: {"ctl", "journal", "mountProblem", "images": URL, "hosts": [{"name", "root", "socket", "toolPath", …}]}.

Faults:
${Object.entries(FAULTS)
  .map(([name, what]) => `  ${name.padEnd(28)}${what}`)
  .join('\n')}
`;

const { values } = parseArgs({
  options: {
    state: { type: 'string' },
    mount: { type: 'string' },
    ctl: { type: 'string' },
    speed: { type: 'string' },
    hosts: { type: 'string' },
    fault: { type: 'string', multiple: true },
    serve: { type: 'string' },
    bfb: { type: 'string', multiple: true },
    help: { type: 'boolean' },
  },
});

if (values.help || !values.state) {
  process.stdout.write(HELP);
  process.exit(values.help ? 0 : 2);
}

const hosts =
  values.hosts === undefined ? 4 : /^\d+$/.test(values.hosts) ? Number(values.hosts) : parseHosts(readFileSync(values.hosts, 'utf8'));
const sim = await startDpuSim({
  stateDir: values.state,
  hosts,
  speed: Number(values.speed ?? 60),
  ...(values.mount !== undefined && { mount: values.mount }),
  ...(values.ctl !== undefined && { ctl: values.ctl }),
});
for (const text of values.fault ?? []) sim.arm(parseFault(text));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    void sim.close().finally(() => process.exit(0));
  });
}
const images = values.serve === undefined ? undefined : await serveImages(bundles(values.bfb ?? ['2.7.0:67108864']), Number(values.serve));
process.stdout.write(
  `${JSON.stringify({ ctl: sim.ctl, journal: sim.journalFile, mountProblem: sim.mountProblem, images: images?.url, hosts: sim.hosts() })}\n`,
);

function bundles(texts: readonly string[]): Record<string, GeneratedBfb> {
  const named = texts.map((text) => {
    const [version, bytes] = text.split(':');
    return [`bf-bundle-${version}.bfb`, generateBfb({ ...(version && { version }), ...(bytes && { bytes: Number(bytes) }) })] as const;
  });
  return Object.fromEntries(named);
}

function parseFault(text: string) {
  const [scoped, ...options] = text.split(',');
  const [name, where] = (scoped as string).split('@');
  const [host, pci] = (where ?? '').split('/');
  const params = Object.fromEntries(options.filter((option) => option.includes('=')).map((option) => option.split(/=(.*)/s).slice(0, 2)));
  return { name: name as FaultName, persistent: options.includes('persistent'), params, ...(host && { host }), ...(pci && { pci }) };
}
