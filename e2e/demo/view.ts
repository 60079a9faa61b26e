/** What a person sees while DPUs are provisioned: on a terminal one line per DPU, redrawn; elsewhere a line per change. */
import type { Dpu } from '@dpf/api';

export interface View {
  show(dpus: readonly Dpu[]): void;
  /** A line of its own, above the live ones. */
  say(text: string): void;
  end(): void;
}

/** One DPU in one line: name, phase, percent, sentence. */
export function lineOf(dpu: Dpu): string {
  const { phase = 'Initializing', progress, waitingFor } = dpu.status ?? {};
  const percent = phase === 'Ready' ? '100%' : progress ? `${Math.round(progress.percent)}%` : '';
  const sentence = phase === 'Ready' ? 'provisioned' : (waitingFor ?? progress?.message ?? '');
  return `${dpu.metadata.name.padEnd(24)} ${phase.padEnd(24)} ${percent.padStart(4)}  ${sentence}`.trimEnd();
}

const byName = (a: Dpu, b: Dpu) => a.metadata.name.localeCompare(b.metadata.name, 'en', { numeric: true });

export function createView(output: NodeJS.WriteStream, now: () => number): View {
  const began = now();
  const stamp = () => `${((now() - began) / 1000).toFixed(1).padStart(6)}s`;
  return output.isTTY ? terminal(output, stamp) : plain(output, stamp);
}

function plain(output: NodeJS.WriteStream, stamp: () => string): View {
  const shown = new Map<string, string>();
  return {
    show(dpus) {
      for (const dpu of [...dpus].sort(byName)) {
        const line = lineOf(dpu);
        if (shown.get(dpu.metadata.name) === line) continue;
        shown.set(dpu.metadata.name, line);
        output.write(`${stamp()}  ${line}\n`);
      }
    },
    say: (text) => void output.write(`${stamp()}  ${text}\n`),
    end: () => undefined,
  };
}

function terminal(output: NodeJS.WriteStream, stamp: () => string): View {
  let lines: string[] = [];
  const erase = () => (lines.length > 0 ? `\x1b[${lines.length}A\x1b[0J` : '');
  const draw = () => lines.map((line) => `${line.slice(0, (output.columns ?? 120) - 1)}\n`).join('');
  return {
    show(dpus) {
      const before = erase();
      const room = Math.max(3, (output.rows ?? 40) - 3);
      const sorted = [...dpus].sort(byName);
      const ready = dpus.filter((dpu) => dpu.status?.phase === 'Ready').length;
      lines = [`${stamp()}  ${ready} of ${dpus.length} DPUs Ready`, ...sorted.slice(0, room).map(lineOf)];
      if (sorted.length > room) lines.push(`… and ${sorted.length - room} more`);
      output.write(before + draw());
    },
    say(text) {
      output.write(`${erase()}${stamp()}  ${text}\n${draw()}`);
    },
    end: () => void (lines = []),
  };
}
