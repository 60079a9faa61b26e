import { fileHost } from './files.ts';
import type { HostLocation, HostPort } from './port.ts';
import { socketHost } from './socket.ts';

/** The adapter for a location. */
export const openHost = (location: HostLocation): HostPort =>
  'socket' in location ? socketHost(location.socket) : fileHost(location.root);
