/** Resources that are answered at once and stored nowhere: reviews of tokens and permissions. There is no RBAC here: everything is allowed. */
import type { Api } from '../api.ts';
import { userInfo, type User } from './user.ts';
import { timestamp, type JsonMap } from '../objects.ts';
import { reviewToken } from './service-accounts.ts';

export interface Review {
  group: string;
  plural: string;
  kind: string;
  answer: (api: Api, user: User, body: unknown) => JsonMap;
}

const allowed = (_api: Api, _user: User, body: unknown): JsonMap => ({
  ...(body as JsonMap),
  metadata: {},
  status: { allowed: true, reason: 'this server has no authorization' },
});

const AUTHORIZATION = 'authorization.k8s.io';
const AUTHENTICATION = 'authentication.k8s.io';

export const REVIEWS: Review[] = [
  { group: AUTHENTICATION, plural: 'tokenreviews', kind: 'TokenReview', answer: (api, _user, body) => reviewToken(api, body) },
  {
    group: AUTHENTICATION,
    plural: 'selfsubjectreviews',
    kind: 'SelfSubjectReview',
    answer: (api, user, body) => ({
      ...(body as JsonMap),
      metadata: { creationTimestamp: timestamp(api.clock()) },
      status: { userInfo: userInfo(user) },
    }),
  },
  { group: AUTHORIZATION, plural: 'selfsubjectaccessreviews', kind: 'SelfSubjectAccessReview', answer: allowed },
  { group: AUTHORIZATION, plural: 'subjectaccessreviews', kind: 'SubjectAccessReview', answer: allowed },
];
