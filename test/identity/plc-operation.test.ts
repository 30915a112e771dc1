/** Our PLC operations beside those of the method's own library: the same bytes, or it is not the same identity. */
import { Secp256k1Keypair } from '@atproto/crypto'
import * as lib from '@did-plc/lib'
import { CID } from 'multiformats/cid'
import { describe, expect, test } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import {
  didOf,
  handleUri,
  normalizeOperation,
  operationCid,
  pdsService,
  signOperation,
  withHandle,
} from '../../src/services/identity/plc-operation.ts'

const SECRET = '7f'.repeat(32)
const ours = SigningKey.fromBytes(Buffer.from(SECRET, 'hex'))
const theirs = await Secp256k1Keypair.import(SECRET)
const plc = new PlcDirectory({ plcUrl: 'http://localhost', plcRotationKey: SECRET }, fetch)

const signingKey = SigningKey.generate().did()
const identity = {
  signingKey,
  handle: 'alice.example.com',
  pds: 'https://pds.example.com',
  rotationKeys: [SigningKey.generate().did(), ours.did()],
}
const signer = theirs as unknown as Parameters<typeof lib.signOperation>[1]
const genesis = () => lib.createOp({ ...identity, signer })

/** They sign in another library, deterministically as we do; so even the signatures are equal. */
describe('byte for byte as @did-plc/lib', () => {
  test('the first operation, and the DID it makes', async () => {
    expect(plc.genesis(identity)).toEqual(await genesis())
    expect(plc.rotationDidKey()).toBe(theirs.did())
  })

  test('changes of a handle, a key, a host, rotation keys', async () => {
    const { op } = await genesis()
    const prev = operationCid(op)
    const next = (change: object) =>
      signOperation({ ...normalizeOperation(op), ...change, prev }, ours)
    const newKey = SigningKey.generate().did()

    expect(next({ alsoKnownAs: withHandle(op.alsoKnownAs, 'bob.example.com') })).toEqual(
      await lib.updateHandleOp(op, signer, 'bob.example.com'),
    )
    expect(next({ verificationMethods: { atproto: newKey } })).toEqual(
      await lib.updateAtprotoKeyOp(op, signer, newKey),
    )
    expect(next({ services: { atproto_pds: pdsService('new.example.com') } })).toEqual(
      await lib.updatePdsOp(op, signer, 'new.example.com'),
    )
    expect(next({ rotationKeys: [newKey] })).toEqual(
      await lib.updateRotationKeysOp(op, signer, [newKey]),
    )
  })

  test('a tombstone', async () => {
    const { op } = await genesis()
    const prev = operationCid(op)
    expect(signOperation({ type: 'plc_tombstone', prev }, ours)).toEqual(
      await lib.tombstoneOp(
        CID.parse(prev) as unknown as Parameters<typeof lib.tombstoneOp>[0],
        signer,
      ),
    )
  })

  test('a first operation of the old form', async () => {
    const old = await lib.deprecatedSignCreate(
      {
        type: 'create',
        signingKey,
        recoveryKey: ours.did(),
        handle: 'alice.example.com',
        service: 'pds.example.com',
        prev: null,
      },
      signer,
    )
    expect(didOf(old)).toBe(await lib.didForCreateOp(old))
    const { sig: _, ...normalized } = lib.normalizeOp(old)
    expect(normalizeOperation(old)).toEqual(normalized)
    const next = signOperation({ ...normalizeOperation(old), prev: operationCid(old) }, ours)
    expect(next).toEqual(await lib.createUpdateOp(old, signer, (state) => state))
  })
})

test('operations that we sign pass their validation', async () => {
  const { did, op } = plc.genesis(identity)
  const next = plc.sign({
    ...normalizeOperation(op),
    alsoKnownAs: withHandle(op.alsoKnownAs, 'bob.example.com'),
    prev: operationCid(op),
  })
  const end = plc.sign({ type: 'plc_tombstone' as const, prev: operationCid(next) })
  expect(await lib.validateOperationLog(did, [op, next])).toMatchObject({
    did,
    alsoKnownAs: ['at://bob.example.com'],
  })
  expect(await lib.validateOperationLog(did, [op, next, end])).toBeNull()
})

test('signing again replaces the signature', () => {
  const { op } = plc.genesis(identity)
  expect(plc.sign(op)).toEqual(op)
})

test('a handle takes the place of the one before and leaves other aliases alone', () => {
  expect(withHandle(['https://a.example', 'at://old.example'], 'new.example')).toEqual([
    'https://a.example',
    'at://new.example',
  ])
  expect(withHandle(['https://a.example'], 'new.example')).toEqual([
    'at://new.example',
    'https://a.example',
  ])
  expect(handleUri('at://new.example')).toBe('at://new.example')
})
