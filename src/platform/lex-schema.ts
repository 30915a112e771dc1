/**
 * Stands in for `@atproto/lex-schema`, which cannot be taken in parts, where `@atproto/xrpc-server` has a few of its validators:
 * whether what was thrown describes an answer, whether a frame has a header.
 */
export { isValidDid as isDidString } from '@atproto/syntax'

type Check = (value: unknown) => boolean

interface Schema {
  check: Check
  safeParse(value: unknown): { success: true; value: unknown } | { success: false; reason: Error }
}

const schema = (check: Check): Schema => ({
  check,
  safeParse: (value) =>
    check(value)
      ? { success: true, value }
      : { success: false, reason: new Error('it is not as its schema says') },
})

const isMap = (value: unknown): value is object => typeof value === 'object' && value !== null

export const l = {
  unknown: () => schema(() => true),
  string: () => schema((value) => typeof value === 'string'),
  integer: ({ minimum = Number.MIN_SAFE_INTEGER }: { minimum?: number } = {}) =>
    schema((value) => Number.isInteger(value) && Number(value) >= minimum),
  literal: (expected: unknown) => schema((value) => value === expected),
  custom: (check: Check) => schema(check),
  optional: ({ check }: Schema) => schema((value) => value === undefined || check(value)),
  union: (schemas: readonly Schema[]) =>
    schema((value) => schemas.some(({ check }) => check(value))),
  dict: (keys: Schema, values: Schema) =>
    schema(
      (value) =>
        isMap(value) &&
        Object.entries(value).every(([name, inner]) => keys.check(name) && values.check(inner)),
    ),
  object: (properties: Readonly<Record<string, Schema>>) =>
    schema(
      (value) =>
        isMap(value) &&
        Object.entries(properties).every(([name, { check }]) => check(Reflect.get(value, name))),
    ),
}
