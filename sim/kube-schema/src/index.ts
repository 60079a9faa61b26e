/** Structural schemas as apiextensions has them: what may stand in an object, what is filled in, what is dropped, and why it is refused. */
export { applyDefaults } from './defaults.ts';
export { attempt, fault, forbiddenField, immutable, invalidValue, required, unsupported, type Cause } from './field.ts';
export { equal, isMap, type JsonMap } from './json.ts';
export { prune } from './prune.ts';
export { fieldSchema, itemKeys, type Schema } from './schema.ts';
export { structuralFaults } from './structural.ts';
export { validate } from './validate.ts';
