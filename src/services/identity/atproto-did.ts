import { isValidDid } from '@atproto/syntax'

/** Whether a DID is of a method that the network uses: did:plc or did:web (atproto DID specification). */
export const isAtprotoDid = (did: string): boolean =>
  isValidDid(did) && (did.startsWith('did:plc:') || did.startsWith('did:web:'))
