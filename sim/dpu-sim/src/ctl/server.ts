import type { Server, Socket } from 'node:net';
import type { Simulation } from '../simulation.ts';
import { runCardTool, runHostTool } from '../tools/run-tool.ts';
import { listenJsonLines } from './json-lines.ts';
import type { CtlEvent, CtlRequest, HostView } from './protocol.ts';

/** The control channel of a simulation. */
export class CtlServer {
  readonly #simulation: Simulation;
  readonly #view: () => HostView[];
  readonly #subscribers = new Set<Socket>();
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;

  /** @param view what `state` answers */
  constructor(simulation: Simulation, view: () => HostView[]) {
    this.#simulation = simulation;
    this.#view = view;
  }

  async listen(path: string): Promise<void> {
    this.#server = await listenJsonLines(path, (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        this.#subscribers.delete(socket);
      });
      return (message, send) => {
        const request = message as CtlRequest;
        if (request.op === 'subscribe') this.#subscribers.add(socket);
        this.#answer(request).then(
          (result) => send({ id: request.id, ok: true, result: result ?? {} }),
          (error: unknown) => send({ id: request.id, ok: false, error: (error as Error).message }),
        );
      };
    });
  }

  publish(event: CtlEvent): void {
    for (const socket of this.#subscribers) socket.write(`${JSON.stringify(event)}\n`);
  }

  close(): void {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  async #answer(request: CtlRequest): Promise<unknown> {
    const simulation = this.#simulation;
    switch (request.op) {
      case 'subscribe':
        return undefined;
      case 'state':
        return this.#view();
      case 'fault': {
        const { arm: name, host, pci, persistent, params } = request;
        const scope = { ...(host && { host }), ...(pci && { pci: pci.replaceAll('-', ':') }) };
        return simulation.faults.arm({ name, ...scope, ...(persistent && { persistent }), ...(params && { params }) });
      }
      case 'fault-clear':
        return simulation.faults.clear(request);
      case 'faults':
        return simulation.faults.list();
      case 'reboot':
        return simulation.host(request.host).reset(request.kind ?? 'operator');
      case 'power':
        return simulation.host(request.host).power(request.on);
      case 'card':
        return simulation.host(request.host).setPresent(simulation.card(request.host, request.pci), request.present);
      case 'tool': {
        const { host, pci, tool, argv } = request;
        return pci === undefined
          ? runHostTool(simulation.host(host), tool, argv)
          : await runCardTool(simulation.card(host, pci), tool, argv);
      }
      default:
        throw new Error(`no operation is called ${String((request as { op?: unknown }).op)}`);
    }
  }
}
