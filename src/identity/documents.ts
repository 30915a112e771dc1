/** DID documents that this host serves (atproto DID specification, DID documents). */
import { formatMultikey, parseDidKey } from '@atproto/crypto'
import type { Config } from '../config.ts'
import type { Description } from '../durable/account.ts'

export interface DidDocument {
  '@context': string[]
  id: string
  alsoKnownAs?: string[]
  verificationMethod?: {
    id: string
    type: string
    controller: string
    publicKeyMultibase: string
  }[]
  service: { id: string; type: string; serviceEndpoint: string }[]
  [key: string]: unknown
}

/** The document of an account on this host. `endpoint` is the host's public URL. */
export function accountDocument(
  { account, signingKey }: Description,
  endpoint: string,
): DidDocument {
  const { jwtAlg, keyBytes } = parseDidKey(signingKey)
  return {
    '@context': [
      'https://www.w3.org/ns/did/v1',
      'https://w3id.org/security/multikey/v1',
      'https://w3id.org/security/suites/secp256k1-2019/v1',
    ],
    id: account.did,
    alsoKnownAs: [`at://${account.handle}`],
    verificationMethod: [
      {
        id: `${account.did}#atproto`,
        type: 'Multikey',
        controller: account.did,
        publicKeyMultibase: formatMultikey(jwtAlg, keyBytes),
      },
    ],
    service: [pdsService(endpoint)],
  }
}

/** The document of the host itself. */
export function serverDocument({ serviceDid, publicUrl }: Config): DidDocument {
  return {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: serviceDid,
    service: [pdsService(publicUrl)],
  }
}

/** The handle a document claims: its first `at://` alias. */
export function handleOf(document: DidDocument): string | undefined {
  return document.alsoKnownAs?.find((alias) => alias.startsWith('at://'))?.slice('at://'.length)
}

const pdsService = (serviceEndpoint: string) => ({
  id: '#atproto_pds',
  type: 'AtprotoPersonalDataServer',
  serviceEndpoint,
})
