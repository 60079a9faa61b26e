/** The agent's requests to dpu-controller: HTTPS, its CA alone is trusted, the token is read anew for every request (the kubelet rotates it). */
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import type { AgentApiError, AnnounceReply, Announcement, ClaimRequest, LastAnnounced, OperationSpec, Report, ReportReply } from '@dpf/api';
import got from 'got';
import type { Clock } from '../clock.ts';

/** 403 or 409: the answer is final, this request is not wanted. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: 403 | 409;
  /** An earlier try of the same request was not answered: it may have been heard all the same. */
  afterSilence = false;
  /** Of the catalogue, where dpu-controller gave one. */
  readonly reason: string | undefined;
  /** Of a stale announcement: what dpu-controller knows. */
  readonly announced: LastAnnounced | undefined;
  constructor(status: 403 | 409, message: string, { reason, announced }: Partial<AgentApiError> = {}) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.announced = announced;
  }
}

export interface Controller {
  /** One try. @throws Refused, or any error when it was not answered: keep it and try again. */
  announce(announcement: Announcement): Promise<AnnounceReply>;
  /** One try of a report. @throws as {@link announce} */
  report(id: string, report: Report): Promise<ReportReply>;
  /** Tries until answered. @throws Refused, or the signal's reason */
  claim(id: string, request: ClaimRequest, signal: AbortSignal): Promise<OperationSpec>;
  /** Tries until answered. @throws as {@link claim} */
  reportUntilAnswered(id: string, report: Report, signal: AbortSignal): Promise<ReportReply>;
  close(): void;
}

export interface ControllerSettings {
  url: string;
  caFile: string;
  tokenFile: string;
}

const REQUEST_MS = 15_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

export function createController(settings: ControllerSettings, clock: Clock, onTrouble: (call: string, error: Error) => void): Controller {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const post = async <T>(path: string, body: unknown): Promise<T> => {
    const [ca, token] = await Promise.all([readFile(settings.caFile, 'utf8'), readFile(settings.tokenFile, 'utf8')]);
    const answer = await got
      .post(new URL(path, settings.url), {
        json: body,
        headers: { authorization: `Bearer ${token.trim()}` },
        https: { certificateAuthority: ca },
        agent: { https: agent },
        retry: { limit: 0 },
        followRedirect: false,
        throwHttpErrors: false,
        timeout: { request: REQUEST_MS },
      })
      // The client's own error holds the request, and with it the token: only its words are kept.
      .catch((error: Error) => error.message);
    if (typeof answer === 'string') throw new Error(`${path}: ${answer}`);
    const { statusCode } = answer;
    if (statusCode === 200) return JSON.parse(answer.body) as T;
    const error = errorOf(answer.body);
    const { reason, message } = error;
    const words = [reason, message].filter((part) => typeof part === 'string').join(': ') || `answered ${statusCode}`;
    if (statusCode === 403 || statusCode === 409) throw new Refused(statusCode, words, error);
    throw new Error(`${path}: ${statusCode} ${words}`);
  };
  const untilAnswered = async <T>(call: string, signal: AbortSignal, once: () => Promise<T>): Promise<T> => {
    for (let pause = FIRST_PAUSE_MS, silence = false; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS), silence = true) {
      signal.throwIfAborted();
      try {
        return await once();
      } catch (error) {
        if (error instanceof Refused) throw Object.assign(error, { afterSilence: silence });
        onTrouble(call, error as Error);
      }
      await clock.sleep(pause, signal);
    }
  };
  const operation = (id: string, call: string) => `/v1/operations/${encodeURIComponent(id)}/${call}`;
  return {
    announce: (announcement) => post('/v1/announce', announcement),
    report: (id, report) => post(operation(id, 'report'), report),
    claim: (id, request, signal) => untilAnswered('claim', signal, () => post<OperationSpec>(operation(id, 'claim'), request)),
    reportUntilAnswered: (id, report, signal) => untilAnswered('report', signal, () => post<ReportReply>(operation(id, 'report'), report)),
    close: () => agent.destroy(),
  };
}

function errorOf(body: string): Partial<AgentApiError> {
  try {
    return (JSON.parse(body) as Partial<AgentApiError> | null) ?? {};
  } catch {
    return {};
  }
}
