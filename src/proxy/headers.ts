/** Which headers cross: those that mean something to the other side. Everything else stays here. */

const REQUEST = ['accept-language', 'atproto-accept-labelers', 'x-bsky-topics']
const REQUEST_PREFIX = 'x-atproto-'
const REQUEST_BODY = ['content-type', 'content-encoding']

const RESPONSE = ['atproto-repo-rev', 'atproto-content-labelers', 'retry-after']
const RESPONSE_BODY = ['content-type', 'content-encoding', 'content-language']

/**
 * Headers for the other service. Compression is agreed on between it and the client; a client that
 * asks for none gets none.
 */
export function requestHeaders(from: Headers, hasBody: boolean): Headers {
  const headers = pick(from, hasBody ? [...REQUEST, ...REQUEST_BODY] : REQUEST)
  headers.set('accept-encoding', from.get('accept-encoding') ?? 'identity')
  for (const [name, value] of from) {
    if (name.startsWith(REQUEST_PREFIX)) headers.set(name, value)
  }
  return headers
}

/** Headers for the client; without those about the body, where another one takes its place. */
export const responseHeaders = (from: Headers, withBody: boolean): Headers =>
  pick(from, withBody ? [...RESPONSE, ...RESPONSE_BODY] : RESPONSE)

function pick(source: Headers, names: readonly string[]): Headers {
  const picked = new Headers()
  for (const name of names) {
    const value = source.get(name)
    if (value !== null) picked.set(name, value)
  }
  return picked
}
