/** JSON lines over a unix socket. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';

/** Called with each line; lines of one connection come one after another. A line that is no JSON ends the connection. */
export type OnLine = (message: unknown, send: (answer: unknown) => void) => void;

/** Listens on a path that only the owner may use; a stale socket there is replaced. */
export function listenJsonLines(path: string, onConnection: (socket: Socket) => OnLine): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    const onLine = onConnection(socket);
    const send = (answer: unknown) => {
      if (!socket.destroyed) socket.write(`${JSON.stringify(answer)}\n`);
    };
    let parts: string[] = [];
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      const lines = chunk.split('\n');
      parts.push(lines[0] as string);
      for (const next of lines.slice(1)) {
        const line = parts.join('');
        parts = [next];
        if (line.trim() === '') continue;
        try {
          onLine(JSON.parse(line), send);
        } catch {
          socket.destroy();
        }
      }
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      chmodSync(path, 0o600);
      resolve(server);
    });
  });
}
