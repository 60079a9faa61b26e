/** A watch ends while its reader is behind: nothing follows the end, and the server goes on. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { WIDGETS, embedded, fresh, widget } from './server.ts';

/** More than sockets buffer. */
const BIG = 'x'.repeat(200 * 1024);
const MANY = 16;

test('what is written after the time of a watch is over goes to nobody', async () => {
  const { sim, client } = await embedded({});
  try {
    const { user } = (parse(sim.kubeconfig) as { users: { user: Record<string, string> }[] }).users[0]!;
    const pem = (key: string) => Buffer.from(user[key] ?? '', 'base64');
    const call = request(new URL(`${WIDGETS}?watch=1&timeoutSeconds=1`, sim.url), {
      ca: sim.caPem,
      cert: pem('client-certificate-data'),
      key: pem('client-key-data'),
    });
    call.end();
    // Its body is not read yet.
    const [response] = (await once(call, 'response')) as [IncomingMessage];
    const big = () => {
      const object = widget(fresh());
      return { ...object, metadata: { ...object.metadata, annotations: { big: BIG } } };
    };
    for (let i = 0; i < MANY; i++) expect((await client.post(WIDGETS, big())).code).toBe(201);
    // The time is over once the server has forgotten the watch.
    while (sim.openWatches() > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const late = big();
    expect((await client.post(WIDGETS, late)).code).toBe(201);
    let text = '';
    for await (const chunk of response) text += String(chunk);
    // How many of them fall into its time hangs on the machine; those that do arrive whole.
    const told = text
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { object: { metadata: { name: string } } }).object.metadata.name);
    expect(told.length).toBeGreaterThan(0);
    expect(told).not.toContain(late.metadata.name);
  } finally {
    client.close();
    await sim.close();
  }
});
