/** Runs the host's tools (mlxfwreset, ipmitool, ip, devlink, flint): argv only, a timeout each, one at a time per device. */
import { execFile } from 'node:child_process';

export interface ToolResult {
  ok: boolean;
  stdout: string;
  stderr: string;
  /** There is no such tool on TOOL_PATH. */
  missing: boolean;
  /** It was killed because it took too long: whether it had its effect is not known. */
  timedOut: boolean;
}

export interface ToolOptions {
  /** Tools for the same device run one after the other: the firmware has one semaphore. */
  device: string;
  timeoutMs?: number;
}

export interface Tools {
  /** Never rejects: the result says how it went. */
  run(tool: string, args: string[], options: ToolOptions): Promise<ToolResult>;
}

/** @param path where the tools are, as in PATH */
export function createTools(path: string): Tools {
  const lastOf = new Map<string, Promise<unknown>>();
  return {
    run: (tool, args, { device, timeoutMs = 60_000 }) => {
      const turn = (lastOf.get(device) ?? Promise.resolve()).then(() => execute(path, tool, args, timeoutMs));
      lastOf.set(device, turn);
      return turn;
    },
  };
}

function execute(path: string, tool: string, args: string[], timeout: number): Promise<ToolResult> {
  return new Promise((resolve) => {
    execFile(tool, args, { env: { PATH: path, LC_ALL: 'C' }, timeout, killSignal: 'SIGKILL' }, (error, stdout, stderr) =>
      resolve({ ok: !error, stdout, stderr, missing: error?.code === 'ENOENT', timedOut: error?.killed === true }),
    );
  });
}

/** What a tool said last, for a sentence: its last line that is not empty, shortened. */
export function lastWords({ stdout, stderr, missing, timedOut }: ToolResult): string {
  if (missing) return 'the tool is not installed';
  if (timedOut) return 'it took too long';
  const lines = `${stdout}\n${stderr}`.split('\n').filter((line) => line.trim() !== '');
  return (lines.at(-1) ?? 'it failed without a word').trim().slice(0, 200);
}
