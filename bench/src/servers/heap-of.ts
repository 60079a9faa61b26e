/** A process that holds the objects of a file of JSON lines and nothing else: the least that a store of them takes. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

const objects: unknown[] = [];
const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('usage: heap-of.ts FILE');
process.on('message', ({ ask, id }: { ask: string; id: number }) => {
  if (ask !== 'read') return;
  void (async () => {
    for await (const line of createInterface({ input: createReadStream(file) })) objects.push(JSON.parse(line));
    process.send?.({ id, answer: objects.length });
  })();
});
// Questions are all that it lives for.
process.channel?.ref();
process.once('SIGTERM', () => process.exit());
process.send?.({ id: 0, answer: 'there' });
