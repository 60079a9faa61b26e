/** Faults of an object, each at a field, in the words of apimachinery's package field. */
import { quote } from './quote.ts';

export interface Cause {
  reason: string;
  message: string;
  field?: string;
}

export const fault = (field: string, message: string, reason = 'FieldValueInvalid'): Cause => ({ reason, field, message });
export const invalidValue = (field: string, value: unknown, why: string): Cause => fault(field, `Invalid value: ${quote(value)}: ${why}`);
export const immutable = (field: string, value: unknown): Cause => invalidValue(field, value, 'field is immutable');
export const forbiddenField = (field: string, why: string): Cause => fault(field, `Forbidden: ${why}`, 'FieldValueForbidden');
export const required = (field: string, why = ''): Cause => fault(field, `Required value${why && `: ${why}`}`, 'FieldValueRequired');
export const unsupported = (field: string, value: unknown, supported: unknown[]): Cause =>
  fault(field, `Unsupported value: ${quote(value)}: supported values: ${supported.map(quote).join(', ')}`, 'FieldValueNotSupported');

/** What an act throws, as a fault of a field. */
export function attempt(field: string, act: () => unknown, what = ''): Cause[] {
  try {
    act();
    return [];
  } catch (error) {
    return [fault(field, `Invalid value: ${what}${(error as Error).message.split('\n')[0]}`)];
  }
}
