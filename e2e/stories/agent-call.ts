/** Calls of the agents' endpoint as anybody could make them who has a token. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { NODE_ANNOTATIONS, type AgentApiError, type AgentRecord, type ClaimRequest, type Node } from '@dpf/api';
import { CORE } from '@dpf/kube';
import type { Fleet } from '../fleet/fleet.ts';

/** Claims an operation. `code`: the HTTP status. */
export async function claimAs(
  { services }: Fleet,
  token: string,
  id: string,
  body: ClaimRequest,
): Promise<{ code: number; answer: AgentApiError }> {
  const call = request(`${services.agentApiUrl}/v1/operations/${id}/claim`, {
    method: 'POST',
    ca: readFileSync(services.agentApiCaFile),
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
  });
  call.end(JSON.stringify(body));
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  return { code: response.statusCode ?? 0, answer: JSON.parse(await text(response)) as AgentApiError };
}

/** What the agent of a host announced last, as its claims say it: not secret, they stand on its Node. */
export async function announcedOn({ host: { cluster } }: Fleet, name: string): Promise<ClaimRequest> {
  const node = await cluster.resource<Node>(CORE.Node).get({ name });
  const { instance, boot, sequence } = JSON.parse(node?.metadata.annotations?.[NODE_ANNOTATIONS.agent] ?? '{}') as AgentRecord;
  return { instance, boot, sequence };
}
