/** DNS over HTTPS, in JSON, as Cloudflare's and Google's resolvers speak it. */
import { isValidDid } from '@atproto/syntax'
import { boundedFetch, readJson } from './guarded-fetch.ts'
import type { Network } from './network.ts'
import { NetworkError } from './network-error.ts'

export interface DnsOptions {
  /** The resolver. */
  dohUrl: string
  network: Pick<Network, 'operator'>
}

const LIMITS = { timeout: 3_000, maxBytes: 64 * 1024 }

/** DNS answer codes (RFC 1035): no error, no such name; and the type of a text record. */
const NO_ERROR = 0
const NO_SUCH_NAME = 3
const TXT = 16

/**
 * The distinct DIDs that the TXT records of a name give in the form `did=…`, which is how both handles and
 * the authorities of lexicons are looked up.
 *
 * @throws NetworkError when the resolver does not answer, or has no answer
 */
export async function didsAt(name: string, { dohUrl, network }: DnsOptions): Promise<string[]> {
  const url = new URL(dohUrl)
  url.searchParams.set('name', name)
  url.searchParams.set('type', 'TXT')
  const headers = { accept: 'application/dns-json' }
  const options = { ...LIMITS, headers, fetch: network.operator }
  const answer = await readJson(await boundedFetch(url.href, options))
  const { Status: status, Answer: records } = (answer ?? {}) as {
    Status?: unknown
    Answer?: unknown
  }
  if (status !== NO_ERROR && status !== NO_SUCH_NAME) {
    throw new NetworkError('unreachable', `DNS answered with code ${status}`)
  }
  const texts = Array.isArray(records) ? records.map(textOf) : []
  const dids = texts.filter((text) => text.startsWith('did=')).map((text) => text.slice(4))
  return [...new Set(dids.filter(isValidDid))]
}

/** The text of a TXT record; resolvers give it in quotes, in several pieces if it is long. */
function textOf(record: unknown): string {
  const { type, data } = (record ?? {}) as { type?: unknown; data?: unknown }
  if (type !== TXT || typeof data !== 'string') return ''
  const pieces = [...data.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, piece]) => piece)
  return (pieces.length > 0 ? pieces.join('') : data).trim()
}
