import { parseCid } from '@atproto/lex-data'
import { base32 } from 'multiformats/bases/base32'
import type { CidBytes } from '../../storage/mst/node.ts'

/** The text form of a CID, as clients see it: base32 with its prefix. */
export const cidString = (cid: CidBytes): string => base32.encode(cid)

/** The bytes of a CID in text form; @throws Error when it is none */
export const cidBytes = (cid: string): CidBytes => parseCid(cid).bytes
