import { describe, expect, test } from '@jest/globals';
import { errorOfAnswer, isAlreadyExists, isConflict, isForbidden, isGone, isInvalid, isNotFound, isUnreachable } from './api-error.ts';

const status = (code: number, reason: string, more: object = {}) =>
  errorOfAnswer('get Dpu ns/a', code, JSON.stringify({ kind: 'Status', code, reason, message: 'said', ...more }));

describe('an error of the API', () => {
  const predicates = { isConflict, isAlreadyExists, isNotFound, isGone, isInvalid, isForbidden, isUnreachable };
  test.each([
    [409, 'Conflict', 'isConflict'],
    [409, 'AlreadyExists', 'isAlreadyExists'],
    [404, 'NotFound', 'isNotFound'],
    [410, 'Expired', 'isGone'],
    [422, 'Invalid', 'isInvalid'],
    [403, 'Forbidden', 'isForbidden'],
    [503, 'ServiceUnavailable', 'isUnreachable'],
    [500, 'InternalError', undefined],
  ])('%d %s is %s and nothing else', (code, reason, holds) => {
    const error = status(code, reason);
    expect(
      Object.entries(predicates)
        .filter(([, predicate]) => predicate(error))
        .map(([name]) => name),
    ).toEqual(holds ? [holds] : []);
  });

  test('is none of them when it is another error', () => {
    expect(Object.values(predicates).some((predicate) => predicate(new Error('x')) || predicate(undefined))).toBe(false);
  });

  test('says what failed, why, which fields, and when to come again', () => {
    const causes = [{ field: 'spec.size', reason: 'FieldValueInvalid', message: 'too big' }];
    const error = status(422, 'Invalid', { details: { name: 'a', causes, retryAfterSeconds: 3 } });
    expect(error).toMatchObject({ code: 422, reason: 'Invalid', causes, about: 'a', retryAfterSeconds: 3 });
    expect(error.message).toBe('cannot get Dpu ns/a: 422 Invalid: said');
  });

  test('takes the header for the wait before the body, and only a number of seconds', () => {
    expect(errorOfAnswer('x', 429, '', '5').retryAfterSeconds).toBe(5);
    expect(errorOfAnswer('x', 429, '', 'Wed, 21 Oct 2026 07:28:00 GMT').retryAfterSeconds).toBeUndefined();
  });
});
