/**
 * Stands in for `express`, which `@atproto/xrpc-server` loads for its own HTTP server. That server is
 * not used here, and express does not load on workerd.
 */
const unavailable = () => {
  throw new Error('express is not available on workerd')
}
export const Router = unavailable
export const json = unavailable
export const text = unavailable
export default unavailable
