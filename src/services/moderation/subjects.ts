/** Subjects of moderation as others name them. */
import { parseCid } from '@atproto/lex-data'
import { AtUri, isValidNsid, isValidRecordKey } from '@atproto/syntax'
import { InvalidRequestError } from '@atproto/xrpc-server'
import type { ModerationSubject } from '../../storage/moderation.ts'

/** A CID in the one form in which CIDs are stored. @throws InvalidRequestError */
export function storedCid(text: string): string {
  try {
    return parseCid(text).toString()
  } catch (cause) {
    throw new InvalidRequestError(`Invalid CID: ${text}`, undefined, { cause })
  }
}

/** A record by its at-URI. @throws InvalidRequestError unless it names a DID, a collection and a record key */
export function recordSubject(uri: string): ModerationSubject & { kind: 'record' } {
  const { hostname: did, collection, rkey } = readAtUri(uri)
  if (did.startsWith('did:') && isValidNsid(collection) && isValidRecordKey(rkey)) {
    return { kind: 'record', did, path: `${collection}/${rkey}` }
  }
  throw new InvalidRequestError(`Not the at-URI of a record, with a DID: ${uri}`)
}

export const blobSubject = (did: string, cid: string): ModerationSubject & { kind: 'blob' } => ({
  kind: 'blob',
  did,
  cid: storedCid(cid),
})

function readAtUri(uri: string): Pick<AtUri, 'hostname' | 'collection' | 'rkey'> {
  try {
    const { hostname, collection, rkey } = new AtUri(uri)
    return { hostname, collection, rkey }
  } catch (cause) {
    throw new InvalidRequestError(`Invalid at-URI: ${uri}`, undefined, { cause })
  }
}
