/** Reading DID documents (atproto DID specification, "DID Documents"). */
import {
  type DidDocument,
  didDocument,
  getHandle,
  getPdsEndpoint,
  getServiceEndpoint,
  getVerificationMaterial,
} from '@atproto/common-web'
import {
  formatDidKey,
  multibaseToBytes,
  P256_JWT_ALG,
  parseMultikey,
  SECP256K1_JWT_ALG,
} from '@atproto/crypto'

export type { DidDocument } from '@atproto/common-web'

/** The document, if it has the form of one and is about `did`; otherwise undefined. */
export function parseDocument(did: string, input: unknown): DidDocument | undefined {
  // Only checked, not copied: fields that the schema does not know are somebody's, and stay.
  const isDocument = didDocument.safeParse(input).success
  const document = input as DidDocument
  return isDocument && document.id === did ? document : undefined
}

/** The handle that a document claims, which may not be true: its first `at://` alias. */
export const handleOf = (document: DidDocument): string | undefined => getHandle(document)

/** did:key that signs the repository (`#atproto`), or another one, of any of the forms that were ever in use. */
export function signingKeyOf(document: DidDocument, id = 'atproto'): string | undefined {
  const key = getVerificationMaterial(document, id)
  if (!key) return undefined
  try {
    switch (key.type) {
      case 'Multikey': {
        const { jwtAlg, keyBytes } = parseMultikey(key.publicKeyMultibase)
        return formatDidKey(jwtAlg, keyBytes)
      }
      case 'EcdsaSecp256k1VerificationKey2019':
        return formatDidKey(SECP256K1_JWT_ALG, multibaseToBytes(key.publicKeyMultibase))
      case 'EcdsaSecp256r1VerificationKey2019':
        return formatDidKey(P256_JWT_ALG, multibaseToBytes(key.publicKeyMultibase))
      default:
        return undefined
    }
  } catch {
    return undefined
  }
}

/** URL of the host (`#atproto_pds`). */
export const pdsOf = (document: DidDocument): string | undefined => getPdsEndpoint(document)

/** URL of a service, by its id (`#bsky_appview`). Whoever sends requests there checks the address. */
export const serviceOf = (document: DidDocument, id: string): string | undefined =>
  getServiceEndpoint(document, { id })
