import { decode } from '@atproto/lex-cbor'
import { isCid, isPlainObject } from '@atproto/lex-data'
import { cidString } from '../../kernel/cbor/cid.ts'
import { CarReader } from '../../storage/car-reader.ts'

/**
 * The CID of the tree that a commit names.
 *
 * @param car with the commit among its blocks, each of which is verified by its CID
 * @returns undefined when the commit is not there, or the bytes are no CAR file
 */
export function dataOfCommit(car: Uint8Array, cid: string): string | undefined {
  try {
    const reader = new CarReader({ needsRoot: false })
    let found: Uint8Array | undefined
    for (const { cid: bytes, block } of reader.push(car)) {
      if (cidString(bytes) === cid) found = block
    }
    reader.end()
    const commit: unknown = found && decode(found)
    const data = isPlainObject(commit) ? commit.data : undefined
    return isCid(data) ? data.toString() : undefined
  } catch {
    // Whatever a stranger sends may be unreadable in many ways.
    return undefined
  }
}
