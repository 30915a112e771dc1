import { decodeCid, parseCid } from '@atproto/lex-data'
import type { CidBytes } from './mst/node.ts'

/** The text form of a CID, as clients see it. */
export const cidString = (cid: CidBytes): string => decodeCid(cid).toString()

/** The bytes of a CID in text form; @throws Error when it is none */
export const cidBytes = (cid: string): CidBytes => parseCid(cid).bytes
