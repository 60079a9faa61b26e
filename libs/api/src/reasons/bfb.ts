/** Reasons of bfb-downloader: conditions and events of a Bfb. */
import type { ReasonText } from './text.ts';

export const BFB_REASONS = {
  WaitingToDownload: { meaning: 'The Bfb was accepted and its download is about to start.', fix: '' },
  Downloading: { meaning: 'The image is being downloaded, hashed and checked.', fix: '' },
  Published: { meaning: 'The image is complete, checked, and on the BFB volume.', fix: '' },
  DigestMatches: { meaning: 'The image has the sha256 that the spec asks for.', fix: '' },
  DigestNotGiven: {
    meaning: 'The spec names no sha256, so the image is used as it was downloaded.',
    fix: 'Set spec.sha256 to have the download compared with a digest that you trust.',
  },
  DigestMismatch: {
    meaning: 'The downloaded file has another sha256 than spec.sha256.',
    fix: 'Compare both digests with the vendor’s; correct spec.sha256 or spec.url.',
  },
  UrlRefused: {
    meaning: 'The server answered the request for the image with an error status.',
    fix: 'Check spec.url (404), the credentials in spec.secretRef (401, 403), or the server (5xx).',
  },
  UrlUnreachable: {
    meaning: 'The server of spec.url could not be reached, or the connection broke.',
    fix: 'Check spec.url, DNS, proxies and firewalls from the bfb-downloader pod; for a private CA set spec.caBundleRef.',
  },
  NotABfb: {
    meaning: 'What was downloaded is no valid BFB image.',
    fix: 'Check that spec.url names the .bfb file itself, as the vendor made it, and not a page about it.',
  },
  DownloadStalled: {
    meaning: 'No byte of the image arrived for a minute, or the image was not complete after two hours.',
    fix: 'Check the network to the server of spec.url, or name a faster server; one that answers ranges and gives a strong ETag is asked only for what is missing.',
  },
  VolumeFull: { meaning: 'The BFB volume has no room for the image.', fix: 'Enlarge the volume, or delete Bfbs that are not used.' },
  VolumeUnavailable: {
    meaning: 'The BFB volume cannot be written.',
    fix: 'Check the PersistentVolumeClaim of the BFB volume and its mount in bfb-downloader.',
  },
  ImageLost: {
    meaning: 'The published image is gone from the volume or was changed there; it is downloaded again.',
    fix: 'Find out who else writes to the BFB volume.',
  },
  SourceSecretInvalid: {
    meaning: 'The Secret or ConfigMap that spec.secretRef or spec.caBundleRef names is missing, has no usable key, or may not be read.',
    fix: 'Create it in the namespace of the Bfb (the Secret with username and password, token, or headers; the ConfigMap with ca.crt), and see that the chart value references grants it.',
  },
  BfbInUse: {
    meaning: 'The Bfb is being deleted and Dpus or DpuSets still refer to it.',
    fix: 'Delete them, or let them refer to another Bfb.',
  },
  BfbDeleting: { meaning: 'The Bfb is being deleted and its image is removed.', fix: '' },
} as const satisfies Record<string, ReasonText>;
