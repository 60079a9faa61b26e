// A simulated command: sends its arguments to the simulator and does what the answer says.
// usage: node client.mjs CTL_SOCKET HOST PCI|- TOOL [ARGUMENT...]
import { createConnection } from 'node:net';

const [ctl, host, pci, tool, ...argv] = process.argv.slice(2);
const socket = createConnection(ctl);
let answer = '';
socket.on('connect', () => socket.write(`${JSON.stringify({ id: 1, op: 'tool', host, ...(pci === '-' ? {} : { pci }), tool, argv })}\n`));
socket.on('data', (chunk) => {
  answer += chunk;
  if (!answer.includes('\n')) return;
  const { error, result } = JSON.parse(answer);
  if (error) process.stderr.write(`${tool}: ${error}\n`);
  process.stdout.write(result?.stdout ?? '');
  process.stderr.write(result?.stderr ?? '');
  process.exitCode = result?.code ?? 1;
  socket.end();
});
socket.on('error', (error) => {
  process.stderr.write(`${tool}: the simulator does not answer: ${error.message}\n`);
  process.exitCode = 1;
});
socket.on('close', () => {
  if (!answer.includes('\n')) process.exitCode ||= 1;
});
