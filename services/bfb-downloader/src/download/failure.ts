/** A download that failed, with a reason of the catalogue and a sentence for the user; and how errors of Node and got become one. */
import type { Reason } from '@dpf/api';
import { redact } from '@dpf/service';

export class DownloadFailure extends Error {
  override readonly name = 'DownloadFailure';
  readonly reason: Reason;
  constructor(reason: Reason, message: string) {
    super(message);
    this.reason = reason;
  }
}

interface Described {
  name?: string;
  code?: string;
  message?: string;
  response?: { statusCode?: number; statusMessage?: string };
}

/** @param url the address that was asked, for the sentence */
export function classify(error: unknown, url: string): DownloadFailure {
  if (error instanceof DownloadFailure) return error;
  const { name, code, message = String(error), response } = error as Described;
  const shown = redact(url);
  if (name === 'BfbError') return new DownloadFailure('NotABfb', `${shown} is ${message}`);
  if (response?.statusCode && (name === 'HTTPError' || code === 'ERR_NON_2XX_3XX_RESPONSE'))
    return new DownloadFailure(
      'UrlRefused',
      `GET ${shown} was answered with ${response.statusCode} ${response.statusMessage ?? ''}`.trim(),
    );
  if (code === 'ENOSPC' || code === 'EDQUOT') return new DownloadFailure('VolumeFull', 'the BFB volume is full');
  if (code === 'EROFS' || code === 'EACCES' || code === 'EIO' || code === 'ENOENT' || code === 'ENOTDIR')
    return new DownloadFailure('VolumeUnavailable', `the BFB volume cannot be written (${code})`);
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') return new DownloadFailure('DownloadStalled', `GET ${shown}: ${redact(message)}`);
  return new DownloadFailure('UrlUnreachable', `GET ${shown} failed: ${redact(message)}`);
}
