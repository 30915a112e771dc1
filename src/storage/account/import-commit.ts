import { verifySignature } from '@atproto/crypto'
import { decode, encode } from '@atproto/lex-cbor'
import { isCid, isPlainObject, type LexMap } from '@atproto/lex-data'
import type { CidBytes } from '../../kernel/cbor/cid.ts'
import { StorageError } from '../error.ts'

export interface ImportedCommit {
  /** CID of the tree's root. */
  data: CidBytes
  /** As the commit has it, which need not be a TID. */
  rev: unknown
}

/**
 * Reads the commit object of an import and verifies that it is the account's.
 *
 * @param signingKeys did:keys, one of which must have signed it
 * @throws StorageError `InvalidRequest`
 */
export async function readCommit(
  block: Uint8Array,
  did: string,
  signingKeys: readonly string[],
): Promise<ImportedCommit> {
  const commit = decodeCommit(block)
  if (commit.did !== did) throw invalid(`The repository belongs to ${String(commit.did)}`)
  if (commit.version !== 3) throw invalid('The commit is not of version 3')
  const { sig, ...unsigned } = commit
  if (!(sig instanceof Uint8Array) || !isCid(commit.data, { flavor: 'cbor' })) {
    throw invalid('The commit is malformed')
  }
  const message = encode(unsigned)
  for (const key of signingKeys) {
    if (await verifySignature(key, message, sig).catch(() => false)) {
      return { data: commit.data.bytes, rev: commit.rev }
    }
  }
  throw invalid('The commit is not signed with the key of the account')
}

function decodeCommit(block: Uint8Array): LexMap {
  let commit: unknown
  try {
    commit = decode(block)
  } catch {
    // Reported below.
  }
  if (!isPlainObject(commit)) throw invalid('The commit is malformed')
  return commit as LexMap
}

const invalid = (message: string) => new StorageError('InvalidRequest', message)
