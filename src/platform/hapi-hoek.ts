/**
 * Stands in for the index of `@hapi/hoek`, a collection of which `@hapi/boom`, `@hapi/accept` and `@hapi/address` use four
 * functions: as CommonJS it would come as a whole.
 */
export { default as assert } from '@hapi/hoek/assert'
export { default as clone } from '@hapi/hoek/clone'
export { default as escapeHeaderAttribute } from '@hapi/hoek/escapeHeaderAttribute'
export { default as escapeRegex } from '@hapi/hoek/escapeRegex'
