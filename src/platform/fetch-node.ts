/**
 * Stands in for `@atproto-labs/fetch-node`, which brings undici: of what it adds to `@atproto-labs/fetch`, nothing is
 * used here. Clients' documents are fetched by `src/oauth/client-fetch.ts`.
 */
export * from '@atproto-labs/fetch'

export function safeFetchWrap(): never {
  throw new Error('undici is not available on workerd')
}
