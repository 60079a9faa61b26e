/** What a command printed and its exit code. */
export interface ToolResult {
  code: number;
  stdout: string;
  stderr: string;
}
export const printed = (stdout: string): ToolResult => ({ code: 0, stdout, stderr: '' });
export const failed = (message: string, code = 1): ToolResult => ({ code, stdout: '', stderr: `${message}\n` });
/** The Mellanox tools print their errors on standard output. */
export const mlxFailed = (message: string, before = ''): ToolResult => ({ code: 3, stdout: `${before}-E- ${message}\n`, stderr: '' });
