import { request } from 'node:http'
import { DidResolver, IdResolver } from '@atproto/identity'

/** Resolves did:web accounts of a local server as the network would: by host name, over HTTP. */
class LocalDidResolver extends DidResolver {
  readonly #origin: string
  constructor(origin: string) {
    super({})
    this.#origin = origin
  }

  override async resolveNoCheck(did: string): Promise<unknown> {
    const host = did.slice('did:web:'.length)
    return JSON.parse(await get(`${this.#origin}/.well-known/did.json`, host))
  }
}

export function localResolver(origin: string): IdResolver {
  const resolver = new IdResolver()
  resolver.did = new LocalDidResolver(origin)
  return resolver
}

/** GET with a Host header of its own, which `fetch` does not send. */
export function get(url: string, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => {
      let body = ''
      response.on('data', (chunk) => {
        body += chunk
      })
      response.on('end', () => resolve(body))
    })
      .on('error', reject)
      .end()
  })
}
