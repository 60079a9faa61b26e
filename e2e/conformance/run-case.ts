/** Does what a case says on one server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Answer, WatchEvent, Watching } from '../../sim/kube-sim/test/client.ts';
import type { Case, EventsStep, KubectlStep, RequestStep, Step } from './case.ts';
import { startTool, words, type Tool } from './kubectl.ts';
import { differences, fill, valueAt, type Values } from './match.ts';
import type { Server } from './servers.ts';

const PATIENCE_MS = 20_000;

/** What a server answered, step by step: for the comparison of two servers. */
export type Transcript = unknown[];

interface Running {
  server: Server;
  values: Values;
  transcript: Transcript;
  watch?: Watching;
  background?: Tool;
}

/** What every case knows from its start: a namespace and a name of its own, and where its objects are. */
export function valuesOf(id: string): Values {
  const namespace = `c-${id}`;
  return new Map([
    ['ns', namespace],
    ['name', `n-${id}`],
    ['core', `/api/v1/namespaces/${namespace}`],
    ['widgets', `/apis/example.com/v1/namespaces/${namespace}/widgets`],
  ]);
}

/** @throws Error that names the step and every difference */
export async function runCase(server: Server, { steps }: Case, id: string): Promise<Transcript> {
  const values = valuesOf(id);
  const namespace = values.get('ns')!;
  const running: Running = { server, values, transcript: [] };
  const made = await server.client.post('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  if (made.code !== 201) throw new Error(made.text);
  try {
    for (const [index, step] of steps.entries()) {
      const faults = await take(running, fill(step, values));
      if (faults.length > 0) throw new Error(`step ${index + 1}, ${headline(step)}:\n  ${faults.join('\n  ')}`);
    }
  } finally {
    running.watch?.stop();
    running.background?.stop();
    await running.background?.ended;
  }
  return running.transcript;
}

function headline(step: Step): string {
  if ('ask' in step) return step.ask;
  if ('watch' in step) return `watch ${step.watch}`;
  if ('kubectl' in step) return `${step.tool ?? 'kubectl'} ${[step.kubectl].flat().join(' ')}`;
  return Object.keys(step)[0]!;
}

async function take(running: Running, step: Step): Promise<string[]> {
  const { server, transcript } = running;
  if ('ask' in step) return request(running, step);
  if ('events' in step) return events(running, step);
  if ('kubectl' in step) return kubectl(running, step);
  if ('compact' in step) await server.compact();
  if ('hear' in step) return hear(running, step.hear);
  if ('watch' in step) running.watch = await server.client.watch(step.watch, step.accept === undefined ? {} : { accept: step.accept });
  if (!('finish' in step)) return [];
  if (step.finish === 'stop') running.background!.stop();
  const ended = await running.background!.ended;
  transcript.push(ended);
  return differences(ended, { ...(step.out === undefined && { exit: 0 }), ...(step.out !== undefined && { out: step.out }) });
}

/** What comes in time; undefined where it does not. */
const inTime = <T>(promise: Promise<T>): Promise<T | undefined> => Promise.race([promise, sleep(PATIENCE_MS, undefined, { ref: false })]);

async function hear({ background }: Running, expected: RegExp): Promise<string[]> {
  const end = performance.now() + PATIENCE_MS;
  while (!expected.test(background!.out())) {
    if (performance.now() > end)
      return [`nothing that fits ${expected} was written within ${PATIENCE_MS / 1000} s, only: ${background!.out()}`];
    await sleep(20);
  }
  return [];
}

async function request({ server, values, transcript }: Running, step: RequestStep): Promise<string[]> {
  const [method, path] = step.ask.split(/ (.*)/s) as [string, string];
  const { type, accept, as } = step;
  const options = {
    ...(type !== undefined && { type }),
    ...(accept !== undefined && { accept }),
    ...(as !== undefined && (as === 'nobody' ? { anonymous: true } : { token: as })),
  };
  const faultsOf = ({ code, body, text, headers }: Answer): string[] => [
    ...(code === step.code ? [] : [`code is ${code}, not ${step.code}: ${text.slice(0, 600)}`]),
    ...(step.answer === undefined ? [] : differences(body, step.answer)),
    ...(step.text === undefined ? [] : differences(text, step.text, 'text')),
    ...(step.headers === undefined ? [] : differences(headers, step.headers, 'headers')),
  ];
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await inTime(server.client.call(method, path, step.body, options));
    if (!answer) return [`no whole answer came in ${PATIENCE_MS / 1000} s`];
    // Some documents come as text.
    if (answer.text.startsWith('{') && Object.keys(answer.body).length === 0) answer.body = JSON.parse(answer.text);
    const faults = faultsOf(answer);
    if (faults.length > 0 && step.eventually && performance.now() < end) {
      await sleep(50);
      continue;
    }
    for (const [name, where] of Object.entries(step.keep ?? {})) values.set(name, String(valueAt(answer.body, where)));
    const json = Object.keys(answer.body).length > 0;
    transcript.push({ code: answer.code, warning: answer.headers['warning'], body: json ? answer.body : answer.text });
    return faults;
  }
}

async function events({ watch, transcript }: Running, step: EventsStep): Promise<string[]> {
  const found: WatchEvent[] = [];
  if (step.ended) found.push(...(await watch!.rest()));
  else
    while (found.length < step.events.length) {
      const event = await inTime(watch!.next());
      if (!event) return [`no event came in ${PATIENCE_MS / 1000} s after ${JSON.stringify(found)}`];
      if (step.named === undefined || event.object['metadata']?.name === step.named) found.push(event);
    }
  transcript.push(found);
  return differences(found, step.events, 'events');
}

async function kubectl(running: Running, step: KubectlStep): Promise<string[]> {
  const { server, values, transcript } = running;
  const argv = typeof step.kubectl === 'string' ? words(step.kubectl) : step.kubectl;
  const documents = step.stdin === undefined ? [] : [step.stdin].flat();
  const env = { ...server.env, ...(step.editor !== undefined && { KUBE_EDITOR: `sed -i '${step.editor}'` }) };
  const tool = await startTool(
    step.tool ?? 'kubectl',
    ['--namespace', values.get('ns')!, ...argv],
    env,
    documents.map((each) => stringify(each)).join('---\n'),
  );
  if (step.background) {
    running.background = tool;
    return [];
  }
  const ended = await tool.ended;
  transcript.push(ended);
  const { exit = 0, out, err, json } = step;
  const faults = differences(ended, { exit, ...(out !== undefined && { out }), ...(err !== undefined && { err }) }, 'kubectl');
  if (exit !== ended.exit) faults.push(`it says: ${ended.err}`);
  return json === undefined ? faults : [...faults, ...differences(JSON.parse(ended.out || 'null'), json)];
}
