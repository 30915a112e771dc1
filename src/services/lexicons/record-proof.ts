/** Checking that a record is in somebody's repository (atproto sync specification, `getRecord`). */
import { verifySignature } from '@atproto/crypto'
import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject, type LexMap } from '@atproto/lex-data'
import { type CidBytes, cidString } from '../../kernel/cbor/cid.ts'
import { encode } from '../../kernel/cbor/encode.ts'
import { CarReader } from '../../storage/car-reader.ts'
import { decodeNode } from '../../storage/mst/codec.ts'
import { keyLayer } from '../../storage/mst/layer.ts'

/** A proof is incomplete, or does not prove what it should. */
export class ProofError extends Error {
  override name = 'ProofError'
}

export interface Claim {
  did: string
  /** did:key that the account's DID document names. */
  signingKey: string
  /** `<collection>/<rkey>` */
  path: string
}

/**
 * Checks a CAR file with a commit, the tree nodes that lead to a path, and the record there: each block by
 * its CID, the commit by the account's key, and that the commit's tree has this record at this path.
 *
 * @returns the record, or undefined: the repository has none there, which is proven too
 * @throws ProofError; MalformedCarError, MalformedTreeError for what cannot be read at all
 */
export async function verifyRecordProof(
  car: Uint8Array,
  { did, signingKey, path }: Claim,
): Promise<{ cid: string; block: Uint8Array } | undefined> {
  const { root, blocks } = readBlocks(car)
  const commit = decodeCommit(blockOf(blocks, root))
  if (commit.did !== did) throw new ProofError('the commit is of another repository')
  const { sig, ...unsigned } = commit
  if (commit.version !== 3 || !(sig instanceof Uint8Array)) throw malformedCommit()
  if (!isCid(commit.data, { flavor: 'cbor' })) throw malformedCommit()
  const isSigned = await verifySignature(signingKey, encode(unsigned), sig).catch(() => false)
  if (!isSigned) throw new ProofError("the commit is not signed with the account's key")
  const cid = find(blocks, commit.data.bytes, path)
  return cid && { cid: cidString(cid), block: blockOf(blocks, cid) }
}

type Blocks = ReadonlyMap<string, Uint8Array>

function readBlocks(car: Uint8Array): { root: CidBytes; blocks: Blocks } {
  const blocks = new Map<string, Uint8Array>()
  const reader = new CarReader()
  for (const { cid, block } of reader.push(car)) blocks.set(cidString(cid), block)
  reader.end()
  if (!reader.root) throw new ProofError('there is no commit')
  return { root: reader.root, blocks }
}

function blockOf(blocks: Blocks, cid: CidBytes): Uint8Array {
  const block = blocks.get(cidString(cid))
  if (!block) throw new ProofError('a block is missing')
  return block
}

/** Walks down a tree to a key. Layers go down on the way, so that it ends. */
function find(blocks: Blocks, root: CidBytes, key: string): CidBytes | undefined {
  let cid: CidBytes | undefined = root
  let above = Number.POSITIVE_INFINITY
  while (cid) {
    const { left, entries } = decodeNode(blockOf(blocks, cid))
    const [first] = entries
    if (!first && cid === root && left === null) return undefined
    const layer = first ? keyLayer(first.key) : above - 1
    if (layer < 0 || layer >= above) throw new ProofError('the tree is out of shape')
    above = layer
    let next = left
    for (const entry of entries) {
      if (entry.key === key) return entry.value
      if (entry.key > key) break
      next = entry.right
    }
    cid = next instanceof Uint8Array ? next : undefined
  }
  return undefined
}

function decodeCommit(block: Uint8Array): LexMap {
  let commit: unknown
  try {
    commit = decode(block)
  } catch (cause) {
    throw new ProofError('the commit is malformed', { cause })
  }
  if (!isPlainObject(commit)) throw malformedCommit()
  return commit as LexMap
}

const malformedCommit = () => new ProofError('the commit is malformed')
