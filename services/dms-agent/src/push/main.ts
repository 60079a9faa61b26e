/**
 * The push child: one image and one bf.cfg into rshim's boot file, then it ends. A process of its own because a write to rshim blocks while the card
 * does not take it, and can be stopped only with its process. It inherits the card's lock and keeps it as long as it lives.
 */
import { errnoOf } from '../host/port.ts';
import { openHost } from '../host/open.ts';
import { replaceDurably } from '../journal/journal.ts';
import { PUSH_EXITS, type PushOrder } from './outcome.ts';
import { ImageProblem, push } from './push.ts';

const order = JSON.parse(process.argv.at(-1) as string) as PushOrder;
const end = (code: number): never => process.exit(code);

/** Whatever ends the agent ends its standard pipes, and with them this process: a push is not left to itself. A write that blocks may outlive this. */
const dieWithAgent = () => process.kill(process.pid, 'SIGKILL');
process.stdout.on('error', dieWithAgent);

function readConfig(bytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    process.stdin.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      const config = Buffer.concat(chunks);
      if (config.length >= bytes) resolve(config.subarray(0, bytes));
    });
    process.stdin.on('end', dieWithAgent);
    process.stdin.on('error', dieWithAgent);
    if (bytes === 0) resolve(Buffer.alloc(0));
  });
}

try {
  const config = await readConfig(order.configBytes);
  await push(openHost(order.host), order, config, (bytes) => process.stdout.write(`${JSON.stringify({ bytes })}\n`));
  // For an agent that ends before it hears of it. The card has everything: a full disk does not make that undone.
  await replaceDurably(order.noteFolder, order.noteName, JSON.stringify({ id: order.id })).catch(() => undefined);
  end(PUSH_EXITS.complete);
} catch (error) {
  if (error instanceof ImageProblem) end(PUSH_EXITS[error.kind]);
  const errno = errnoOf(error) as keyof typeof PUSH_EXITS;
  process.stderr.write(`${(error as Error).message}\n`);
  end(PUSH_EXITS[errno] ?? 1);
}
