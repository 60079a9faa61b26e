/* global AbortSignal, fetch */
const { SERVICES, NAMESPACE } = process.env;
const url = (service, scheme, port, path) => `${scheme}://${SERVICES}-${service}.${NAMESPACE}.svc:${port}${path}`;
let failed = false;
async function check(what, work) {
  const problem = await work().catch((error) => error.cause?.message ?? error.message);
  failed ||= problem !== undefined;
  console.log(`${what}: ${problem ?? 'ok'}`);
}
for (const service of ['dpuset-controller', 'dpu-controller', 'bfb-downloader'])
  await check(service, async () => {
    const answer = await fetch(url(service, 'http', 8080, '/readyz'), { signal: AbortSignal.timeout(10_000) });
    return answer.ok ? undefined : await answer.text();
  });
await check('endpoint for agents', async () => {
  const target = url('dpu-controller', 'https', 8443, '/v1/announce');
  const answer = await fetch(target, { method: 'POST', body: '{}', signal: AbortSignal.timeout(10_000) });
  return answer.status === 401 ? undefined : `answers ${answer.status} to a request without a token`;
});
process.exit(failed ? 1 : 0);
