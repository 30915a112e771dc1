/**
 * Resolving a lexicon from the network (atproto Lexicon specification, Lexicon Publication and Resolution):
 * DNS names the account, its DID document the host and the key, and the host proves what the account
 * publishes. Runs in the Worker and, for `npx cumulus lexicons pull`, in Node.
 *
 * `@atproto/lex-resolver` does the same with a DID resolver, a client, a schema library and a repository
 * of its own; those would be larger than this whole server may be.
 */

import { guardedFetch } from '../../kernel/net/guarded-fetch.ts'
import { NetworkError } from '../../kernel/net/network-error.ts'
import { type DidDocument, pdsOf, signingKeyOf } from '../identity/did-document.ts'
import { IdentityError } from '../identity/identity-error.ts'
import type { ResolutionSettings } from '../identity/resolve-did.ts'
import { type PublishedLexicon, readDocument, SCHEMA_COLLECTION } from './document.ts'
import { LexiconError } from './lexicon-error.ts'
import { type Claim, verifyRecordProof } from './record-proof.ts'
import { resolveAuthority } from './resolve-authority.ts'

export interface FetchParts
  extends Pick<ResolutionSettings, 'dohUrl' | 'reachPrivate' | 'network'> {
  /** @throws IdentityError */
  document(did: string, options: { fresh: boolean }): Promise<DidDocument>
  /** The proof from this host itself, if the account lives here; a Worker may not be able to call itself. */
  ownProof?(did: string, pds: string, rkey: string): Promise<Uint8Array | undefined>
}

/** The largest lexicons have some 60 KiB; a path through a large tree another 30. */
const LIMITS = { timeout: 3_000, maxBytes: 512 * 1024 }

/** Largest record that is taken for a lexicon, bytes. */
const MAX_DOCUMENT = 256 * 1024

/** @throws LexiconError of any kind but `busy` */
export async function fetchLexicon(nsid: string, parts: FetchParts): Promise<PublishedLexicon> {
  const did = await resolveAuthority(nsid, parts)
  const home = homeIn(await documentOf(did, parts, false))
  try {
    return await fetchFrom(home, { did, nsid }, parts)
  } catch (error) {
    if (!(error instanceof LexiconError)) throw error
    // The document may be cached from before the account got a new key or moved.
    const now = homeIn(await documentOf(did, parts, true))
    if (now.pds === home.pds && now.signingKey === home.signingKey) throw error
    return fetchFrom(now, { did, nsid }, parts)
  }
}

/** Where an account's records are, and the did:key that signs them. */
interface Home {
  pds: string
  signingKey: string
}

function homeIn(document: DidDocument): Home {
  const pds = pdsOf(document)
  const signingKey = signingKeyOf(document)
  if (pds === undefined || signingKey === undefined) {
    throw new LexiconError('not-found', `The publisher ${document.id} has no repository`)
  }
  return { pds, signingKey }
}

async function documentOf(did: string, parts: FetchParts, fresh: boolean): Promise<DidDocument> {
  try {
    return await parts.document(did, { fresh })
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error
    if (error.kind === 'unreachable') {
      throw new LexiconError('unavailable', `The publisher ${did} could not be looked up`, error)
    }
    throw new LexiconError('not-found', `There is no publisher ${did}`, error)
  }
}

async function fetchFrom(
  { pds, signingKey }: Home,
  { did, nsid }: { did: string; nsid: string },
  parts: FetchParts,
): Promise<PublishedLexicon> {
  const car = (await parts.ownProof?.(did, pds, nsid)) ?? (await fetchProof(pds, did, nsid, parts))
  const record = await proven(car, { did, signingKey, path: `${SCHEMA_COLLECTION}/${nsid}` })
  if (!record) throw new LexiconError('not-found', `${did} publishes no lexicon ${nsid}`)
  if (record.block.byteLength > MAX_DOCUMENT) {
    throw new LexiconError('invalid', `What is published as ${nsid} is too large for a lexicon`)
  }
  return { nsid, did, cid: record.cid, json: readDocument(nsid, record.block) }
}

async function fetchProof(
  pds: string,
  did: string,
  nsid: string,
  { reachPrivate, network }: FetchParts,
): Promise<Uint8Array> {
  try {
    const url = new URL('/xrpc/com.atproto.sync.getRecord', pds)
    url.search = new URLSearchParams({ did, collection: SCHEMA_COLLECTION, rkey: nsid }).toString()
    const response = await guardedFetch(url, { ...LIMITS, reachPrivate, fetch: network.public })
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
    await response.body?.cancel()
    throw new NetworkError('status', 'no record', { status: response.status })
  } catch (cause) {
    // Not which of the many ways: what can be reached from here is nobody's business.
    throw new LexiconError('unavailable', `The host of ${did} did not give ${nsid}`, cause)
  }
}

async function proven(car: Uint8Array, claim: Claim) {
  try {
    return await verifyRecordProof(car, claim)
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new LexiconError(
      'invalid',
      `The proof from the host of ${claim.did} is wrong: ${why}`,
      cause,
    )
  }
}
