/** dms-agent: executes operations on the BlueField cards of its host, and reports. One process per host, as root. */
import { randomUUID } from 'node:crypto';
import { createOperationReceiver } from '@dpf/queue';
import { env, runService, VERSION } from '@dpf/service';
import { Agent } from './agent.ts';
import { systemClock } from './clock.ts';
import { createController } from './controller/client.ts';
import { Cards } from './detect/cards.ts';
import { openHost } from './host/open.ts';
import { bootOf } from './host/boot.ts';
import { Images } from './image.ts';
import { Journal } from './journal/journal.ts';
import { becomeOnlyAgent, createLocks } from './lock.ts';
import { createMetrics } from './metrics.ts';
import type { OperationContext } from './operations/context.ts';
import { Executor } from './operations/executor.ts';
import { AgentStopping } from './operations/failure.ts';
import { Rshim } from './rshim/rshim.ts';
import { createTools } from './tools.ts';

await runService({
  name: 'dms-agent',
  config: {
    node: ['NODE_NAME', env.text()],
    apiUrl: ['AGENT_API_URL', env.url(['https:'])],
    apiCaFile: ['AGENT_API_CA_FILE', env.text()],
    tokenFile: ['AGENT_TOKEN_FILE', env.text()],
    redisUrl: ['REDIS_URL', env.url(['redis:', 'rediss:'])],
    redisCaFile: ['REDIS_CA_FILE', env.optional()],
    redisPrefix: ['REDIS_PREFIX', env.text('dpf')],
    stateDir: ['STATE_DIR', env.text()],
    bfbVolume: ['BFB_VOLUME', env.text()],
    hostRoot: ['HOST_ROOT', env.text('/')],
    hostSocket: ['HOST_SOCKET', env.optional()],
    toolPath: ['TOOL_PATH', env.text('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')],
    logPollMs: ['LOG_POLL_MS', env.integer({ min: 5, max: 10_000, default: 1000 })],
    readyGraceSeconds: ['READY_GRACE_SECONDS', env.integer({ min: 0, max: 3600, default: 90 })],
    heartbeatMs: ['HEARTBEAT_MS', env.integer({ min: 50, max: 10_000, default: 10_000 })],
    detectSeconds: ['DETECT_SECONDS', env.integer({ min: 1, max: 3600, default: 60 })],
    askSeconds: ['ASK_SECONDS', env.integer({ min: 1, max: 86_400, default: 600 })],
    resetLandingSeconds: ['RESET_LANDING_SECONDS', env.integer({ min: 1, max: 3600, default: 600 })],
    armOffSeconds: ['ARM_OFF_SECONDS', env.integer({ min: 1, max: 3600, default: 150 })],
  },
  async start({ config, log, probes, signal, onStop }) {
    const stopping = new AbortController();
    signal.addEventListener('abort', () => stopping.abort(new AgentStopping('the agent is being stopped')));
    const warn = (message: string, facts: Record<string, unknown>) => log.warn(facts, message);
    const clock = systemClock;
    const location = config.hostSocket ? { socket: config.hostSocket } : { root: config.hostRoot };
    const host = openHost(location);
    onStop('host', () => host.close());
    const locks = createLocks(config.stateDir);
    let others = false;
    probes.readiness('only agent', () => (others ? 'waits for another agent of this host, which has not ended yet' : undefined));
    const only = await becomeOnlyAgent(locks, stopping.signal, (waits) => {
      others = waits;
      if (waits) warn('waits for another agent of this host, which has not ended yet', { stateDir: config.stateDir });
    });
    if (!only) return;
    onStop('only agent', () => only.release());
    const journal = await Journal.open(config.stateDir, await bootOf(host, Date.now()));
    const tools = createTools(config.toolPath);
    const rshim = new Rshim(host);
    const cards = new Cards({ host, rshim, tools, journal });
    const metrics = createMetrics(probes.registry);
    const context: OperationContext = {
      host,
      location,
      stateDir: config.stateDir,
      journal,
      locks,
      rshim,
      cards,
      images: new Images(config.bfbVolume, journal),
      tools,
      clock,
      timing: {
        logPollMs: config.logPollMs,
        readyGraceMs: config.readyGraceSeconds * 1000,
        resetLandingMs: config.resetLandingSeconds * 1000,
        armOffMs: config.armOffSeconds * 1000,
        rshimStartMs: 15_000,
        netdevMs: 30_000,
      },
      startedAt: clock.now(),
      stopping: stopping.signal,
      warn,
      onPushed: metrics.pushed,
    };
    const controller = createController(
      { url: config.apiUrl, caFile: config.apiCaFile, tokenFile: config.tokenFile },
      clock,
      (call, error) => warn('dpu-controller does not answer, tried again', { call, err: error }),
    );
    onStop('controller', () => controller.close());
    const instance = randomUUID();
    const executor = new Executor(context, controller, {
      node: config.node,
      instance,
      heartbeatMs: config.heartbeatMs,
      onEnded: (kind, result) => {
        metrics.operation(kind, result);
        log.info({ kind, result }, 'an operation ended');
      },
      announce: () => void agent.announce(),
    });
    const agent: Agent = new Agent(context, controller, executor, {
      node: config.node,
      instance,
      version: VERSION,
      detectMs: config.detectSeconds * 1000,
      askMs: config.askSeconds * 1000,
    });
    probes.readiness('announced', () => (agent.announcedAt === undefined ? (agent.trouble ?? 'not announced yet') : undefined));
    const longest = 3 * config.detectSeconds * 1000 + 120_000;
    probes.liveness('loop', () =>
      clock.now() - agent.aliveAt > longest ? 'has neither looked at the host nor asked dpu-controller for too long' : undefined,
    );

    const receiver = createOperationReceiver(
      {
        url: config.redisUrl,
        prefix: config.redisPrefix,
        ...(config.redisCaFile && { caFile: config.redisCaFile }),
      },
      config.node,
      { onError: (error) => warn('Redis', { err: error }) },
    );
    onStop('receiver', () => receiver.close());
    // Not in the midst of an operation: an install would be cut off.
    probes.liveness('redis', () => (executor.isIdle ? receiver.refusal() : undefined));
    onStop('operations', () => executor.drain());
    log.info({ node: config.node, boot: journal.data.boot, instance }, 'looks at the host');
    // Not awaited: a dpu-controller or Redis that is away makes the agent wait, not fail.
    void agent.start(receiver).catch((error: unknown) => log.error({ err: error }, 'the agent stopped working'));
  },
});
