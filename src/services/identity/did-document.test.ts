import { P256Keypair, Secp256k1Keypair } from '@atproto/crypto'
import { base58btc } from 'multiformats/bases/base58'
import { describe, expect, test } from 'vitest'
import {
  type DidDocument,
  handleOf,
  parseDocument,
  pdsOf,
  serviceOf,
  signingKeyOf,
} from './did-document.ts'

const DID = 'did:web:alice.example.com'
const k256 = await Secp256k1Keypair.create()
const p256 = await P256Keypair.create()

const document: DidDocument = {
  '@context': ['https://www.w3.org/ns/did/v1'],
  id: DID,
  alsoKnownAs: ['https://alice.example.com', 'at://alice.example.com', 'at://other.example.com'],
  verificationMethod: [
    {
      id: `${DID}#atproto`,
      type: 'Multikey',
      controller: DID,
      publicKeyMultibase: k256.did().slice('did:key:'.length),
    },
  ],
  service: [
    {
      id: '#atproto_pds',
      type: 'AtprotoPersonalDataServer',
      serviceEndpoint: 'https://pds.example.com',
    },
    { id: `${DID}#other`, type: 'Other', serviceEndpoint: 'https://other.example.com' },
    { id: '#strange', type: 'Strange', serviceEndpoint: 'ftp://strange.example.com' },
  ],
}

const withKey = (type: string, publicKeyMultibase: string): DidDocument => ({
  ...document,
  verificationMethod: [{ id: '#atproto', type, controller: DID, publicKeyMultibase }],
})

test('handle, host and other services are read from a document', () => {
  expect(handleOf(document)).toBe('alice.example.com')
  expect(pdsOf(document)).toBe('https://pds.example.com')
  expect(serviceOf(document, '#other')).toBe('https://other.example.com')
  expect(serviceOf(document, '#missing')).toBeUndefined()
  expect(serviceOf(document, '#strange')).toBeUndefined()
})

describe('the signing key', () => {
  test('is read from every form that was ever in use', () => {
    expect(signingKeyOf(document)).toBe(k256.did())
    for (const [key, type] of [
      [k256, 'EcdsaSecp256k1VerificationKey2019'],
      [p256, 'EcdsaSecp256r1VerificationKey2019'],
    ] as const) {
      const bare = base58btc.encode(key.publicKeyBytes())
      expect(signingKeyOf(withKey(type, bare))).toBe(key.did())
    }
  })

  test('is missing where there is none, or none that is understood', () => {
    expect(signingKeyOf({ id: DID })).toBeUndefined()
    expect(signingKeyOf(withKey('Multikey', 'zNonsense'))).toBeUndefined()
    expect(signingKeyOf(withKey('Unheard', 'z6Mk'))).toBeUndefined()
  })
})

test('a document counts only when it has the form of one and is about the DID that was asked for', () => {
  expect(parseDocument(DID, document)).toBe(document)
  expect(parseDocument(DID, { id: DID })).toEqual({ id: DID })
  expect(parseDocument('did:web:bob.example.com', document)).toBeUndefined()
  for (const other of [null, 'text', [], {}, { id: DID, service: 'none' }, { id: 1 }]) {
    expect(parseDocument(DID, other)).toBeUndefined()
  }
})
