/**
 * Stands in for `mime-types`, whose table of 150 KB `@atproto/xrpc-server` loads for its own HTTP server. That server
 * is not used here.
 */
export function contentType(): never {
  throw new Error('the HTTP server of @atproto/xrpc-server is not available on workerd')
}
