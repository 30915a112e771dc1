import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject } from '@atproto/lex-data'
import { cidString } from '../../kernel/cbor/cid.ts'
import { CarReader } from '../../storage/car-reader.ts'
import { SourceError } from './source.ts'

/**
 * The CID of the tree that a commit names.
 *
 * @param car with the commit among its blocks, each of which is verified by its CID
 * @throws SourceError; MalformedCarError
 */
export function dataOfCommit(car: Uint8Array, cid: string): string {
  const reader = new CarReader({ needsRoot: false })
  let found: Uint8Array | undefined
  for (const { cid: bytes, block } of reader.push(car)) if (cidString(bytes) === cid) found = block
  reader.end()
  const commit: unknown = found && decode(found)
  const data = isPlainObject(commit) ? commit.data : undefined
  if (!isCid(data)) throw new SourceError('The answer does not have the commit that was asked for')
  return data.toString()
}
