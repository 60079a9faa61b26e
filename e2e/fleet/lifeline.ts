/**
 * Loaded into every child process of a run (`--import`). File descriptor 3 is a pipe from the harness: it ends when the harness does, even by kill −9,
 * and the child ends too, in order while it can.
 */
import { Socket } from 'node:net';

/** As a Pod: after SIGTERM, SIGKILL follows. */
const GRACE_MS = 5_000;

const lifeline = new Socket({ fd: 3, readable: true, writable: false });
lifeline.once('close', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
});
// A reset of the pipe is an end like any other.
lifeline.on('error', () => undefined);
lifeline.resume();
lifeline.unref();
