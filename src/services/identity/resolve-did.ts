/** Fetching a DID document from the network (did:plc and did:web specifications; atproto DID specification). */
import { isValidHandle } from '@atproto/syntax'
import { boundedFetch, guardedFetch, readJson } from '../../kernel/net/guarded-fetch.ts'
import type { Network } from '../../kernel/net/network.ts'
import { NetworkError } from '../../kernel/net/network-error.ts'
import { type DidDocument, parseDocument } from './did-document.ts'
import { IdentityError } from './identity-error.ts'

/** A settled answer: there is a document, or there is none, and why. */
export type DidAnswer =
  | { document: DidDocument; size: number }
  | { missing: 'did-not-found' | 'did-deactivated'; message: string }

export interface ResolutionSettings {
  plcUrl: string
  dohUrl: string
  reachPrivate: boolean
  network: Network
}

/** Documents have about 1 KiB; a directory entry has at most 7.5. */
const LIMITS = { timeout: 3_000, maxBytes: 64 * 1024 }

const PLC = /^did:plc:[a-z2-7]{24}$/
const WEB = /^did:web:([a-zA-Z0-9.-]+)(?:%3[aA](\d{1,5}))?$/

/**
 * Asks whoever is responsible for the DID.
 *
 * @throws IdentityError `unreachable` when that did not lead to an answer
 */
export async function resolveDid(did: string, settings: ResolutionSettings): Promise<DidAnswer> {
  const url = documentUrl(did, settings)
  if (!url) return missing('This DID is of no supported method')
  const { network, reachPrivate } = settings
  const headers = { accept: 'application/did+ld+json,application/json' }
  const options = { ...LIMITS, headers }
  try {
    const response = did.startsWith('did:plc:')
      ? await boundedFetch(url, { ...options, fetch: network.operator })
      : await guardedFetch(url, { ...options, fetch: network.public, reachPrivate })
    if (response.status === 404 || response.status === 410) return await explain(response)
    const answer = await readJson(response)
    const document = parseDocument(did, answer)
    if (!document) return missing('There is no valid DID document')
    return { document, size: JSON.stringify(document).length }
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error
    if (isSettled(error)) return missing(`There is no DID document: ${error.message}`)
    throw new IdentityError('unreachable', 'Could not look up the DID', error)
  }
}

/** Where the document of a DID is; undefined for other methods and for what is no such DID. */
function documentUrl(
  did: string,
  { plcUrl, reachPrivate }: ResolutionSettings,
): string | undefined {
  if (PLC.test(did)) return `${plcUrl}/${encodeURIComponent(did)}`
  const [, host, port] = WEB.exec(did) ?? []
  if (host === undefined) return undefined
  const local = reachPrivate && host === 'localhost'
  if (!local && !isValidHandle(host)) return undefined
  const authority = port === undefined ? host : `${host}:${port}`
  return `${local ? 'http' : 'https'}://${authority}/.well-known/did.json`
}

/** The directory says "not available" (404 or 410) of an identity that has ended. */
async function explain(response: Response): Promise<DidAnswer> {
  const text = await response.text()
  const ended = response.status === 410 || text.includes('not available')
  return ended
    ? { missing: 'did-deactivated', message: 'The DID is deactivated' }
    : missing('There is no such DID')
}

/** Whether asking again soon would lead to the same: the other side answered, with something else. */
const isSettled = ({ kind, status = 0 }: NetworkError) =>
  kind === 'status' ? status < 500 && status !== 429 : kind !== 'timeout' && kind !== 'unreachable'

const missing = (message: string): DidAnswer => ({ missing: 'did-not-found', message })
