/** A node as a host with simulated DPUs: its agent finds them below HOSTS_DIR/hosts/<node>, which the mount's propagation shows it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startDpuSim } from '@dpf/dpu-sim';
import { env, runService } from '@dpf/service';
import { cardsOf } from './cards.ts';
import { endPrograms } from './programs.ts';
import { serveState } from './state.ts';

/** `simulated`: a host boots by itself. `node`: it stays down until this machine was rebooted by somebody. */
const REBOOT = ['REBOOT', env.choice(['simulated', 'node'], 'simulated')] as const;

export const run = (): Promise<void> =>
  runService({
    name: 'simulator-hosts',
    config: {
      node: ['NODE_NAME', env.text()],
      dpus: ['DPUS_PER_NODE', env.integer({ min: 1, max: 8, default: 2 })],
      speed: ['SPEED', env.integer({ min: 1, max: 1000, default: 20 })],
      reboot: REBOOT,
      /** On the node's disk and at the same path in the agent's container: tools and sockets are named by it. */
      dir: ['HOSTS_DIR', env.text('/var/lib/dpf-simulator')],
      /** The node's own: a container may see another /proc. */
      bootIdFile: ['BOOT_ID_FILE', env.text('/proc/sys/kernel/random/boot_id')],
      statePort: ['STATE_PORT', env.integer({ min: 0, max: 65535, default: 8081 })],
    },
    async start({ config, log, probes, onStop }) {
      const { node } = config;
      const sim = await startDpuSim({
        stateDir: join(config.dir, 'state'),
        mount: join(config.dir, 'hosts'),
        speed: config.speed,
        hosts: [{ name: node, cards: cardsOf(node, config.dpus) }],
        ...(config.reboot === 'node' && { machineBootId: readFileSync(config.bootIdFile, 'utf8').trim() }),
      });
      onStop('hosts', () => sim.close());
      if (sim.mountProblem !== undefined) throw new Error(`the devices cannot be shown to the agent: ${sim.mountProblem}`);
      sim.onEvent((event) => {
        if (event.event === 'host-up') return log.info({ node, boot: event.bootId }, 'the host is up');
        log.info({ node }, config.reboot === 'node' ? 'the host was reset and waits: reboot this node' : 'the host was reset and boots');
        endPrograms(join(config.dir, 'hosts', node), (error) => log.warn({ err: error }, 'a program of the host could not be ended'));
      });
      const state = await serveState(sim, config.statePort);
      onStop('state', () => state.close());
      probes.readiness('host', () => (sim.hosts()[0]?.up ? undefined : 'the host is down'));
    },
  });
