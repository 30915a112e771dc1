/** DID documents that this host serves (atproto DID specification, DID documents). */
import { formatMultikey, parseDidKey } from '@atproto/crypto'
import type { Config } from '../../kernel/config/config.ts'
import { remembered } from '../../kernel/remembered.ts'
import type { DidDocument } from './did-document.ts'

/** Who an account is to the network. */
interface Described {
  account: { did: string; handle: string }
  /** did:key */
  signingKey: string
}

/** To unpack the point of a key takes a square root. */
const multikeyOf = remembered((signingKey) => {
  const { jwtAlg, keyBytes } = parseDidKey(signingKey)
  return formatMultikey(jwtAlg, keyBytes)
})

/** The document of an account on a host. `endpoint` is the host's public URL. */
export function accountDocument({ account, signingKey }: Described, endpoint: string): DidDocument {
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
        publicKeyMultibase: multikeyOf(signingKey),
      },
    ],
    service: [pdsService(endpoint)],
  }
}

/** The document of the host itself. */
export function serverDocument({
  serviceDid,
  publicUrl,
}: Pick<Config, 'serviceDid' | 'publicUrl'>): DidDocument {
  return {
    '@context': ['https://www.w3.org/ns/did/v1'],
    id: serviceDid,
    service: [pdsService(publicUrl)],
  }
}

const pdsService = (serviceEndpoint: string) => ({
  id: '#atproto_pds',
  type: 'AtprotoPersonalDataServer',
  serviceEndpoint,
})
