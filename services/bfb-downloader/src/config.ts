/** The settings of bfb-downloader. */
import { env } from '@dpf/service';
import type { UrlRewrite } from './download/source.ts';

export const CONFIG = {
  volume: ['BFB_VOLUME', env.text()],
  /** Names this replica's partial downloads; the Pod's name. */
  instance: ['HOSTNAME', env.text('bfb-downloader')],
  urlRewrites: ['URL_REWRITES', env.json(rewrites, [])],
  parallelDownloads: ['PARALLEL_DOWNLOADS', env.integer({ min: 1, max: 32, default: 3 })],
} as const;

function rewrites(value: unknown): UrlRewrite[] {
  const isRule = (rule: unknown): rule is UrlRewrite => {
    const { from, to } = (rule ?? {}) as Partial<UrlRewrite>;
    return [from, to].every((url) => typeof url === 'string' && /^https?:\/\//.test(url));
  };
  if (!Array.isArray(value) || !value.every(isRule)) throw new Error('must be a JSON list of {"from": "https://…", "to": "https://…"}');
  return value;
}
