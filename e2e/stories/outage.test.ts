/** A controller whose API server and Redis are both away: a restart would cure nothing, so that kubelet must not be told to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, expect, test } from '@jest/globals';
import { freePort } from '../fleet/services.ts';
import { CONTROLLERS, WORKSPACE } from '../fleet/workspace.ts';

const folder = mkdtempSync(join(tmpdir(), 'dpf-outage-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What each asks for; none is looked at before the API server answers. */
const OWN = {
  'dpuset-controller': {},
  'dpu-controller': { AGENT_API_CERT_FILE: 'tls.crt', AGENT_API_KEY_FILE: 'tls.key', AGENT_SERVICE_ACCOUNT: 'dpf/agent' },
  'bfb-downloader': { BFB_VOLUME: join(folder, 'bfb') },
};

test.each(CONTROLLERS)('%s is alive, not ready, says what is missing, and stops when asked to', async (name) => {
  const [port, nobody] = [await freePort(), await freePort()];
  const kubeconfig = join(folder, `${name}.kubeconfig`);
  const cluster = { server: `https://127.0.0.1:${nobody}`, 'insecure-skip-tls-verify': true };
  const config = {
    ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'c' },
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'c' } }],
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'c', user: { token: 'none' } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const address = { PROBES_HOST: '127.0.0.1', PROBES_PORT: String(port), REDIS_URL: `redis://127.0.0.1:${nobody}` };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', `services/${name}/src/main.ts`], {
    cwd: WORKSPACE,
    env: { PATH, NODE_COMPILE_CACHE, KUBECONFIG: kubeconfig, ...address, ...OWN[name] },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    const ask = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}${path}`);
      return { status: response.status, ...((await response.json()) as { checks: Record<string, string> }) };
    };
    // What is missing is said once it was tried.
    const told = async () => {
      const { checks } = await ask('/readyz').catch(() => ({ checks: {} as Record<string, string> }));
      return 'watch' in checks && checks['redis'] !== 'ok';
    };
    for (const end = Date.now() + 30_000; Date.now() < end && !(await told());) await pause(50);
    expect(await ask('/readyz')).toMatchObject({
      status: 503,
      checks: { redis: expect.stringMatching(/Redis/), watch: expect.stringMatching(/not listed yet/) },
    });
    expect((await ask('/healthz')).status).toBe(200);
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  } finally {
    child.kill('SIGKILL');
  }
});
