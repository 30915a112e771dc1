import { hash } from 'node:crypto'
import { P256Keypair, parseDidKey, Secp256k1Keypair, verifySignature } from '@atproto/crypto'
import { p256 } from '@noble/curves/nist'
import { secp256k1 } from '@noble/curves/secp256k1'
import { describe, expect, test } from 'vitest'
import { type Curve, SigningKey } from './signing-key.ts'

const CURVES = [
  ['k256', Secp256k1Keypair, secp256k1],
  ['p256', P256Keypair, p256],
] as const

const message = (at: number) => new TextEncoder().encode(`message ${at}`)

/** The 32 bytes of the private key, as `@atproto/crypto` takes them. */
const bare = (key: SigningKey) => key.toBytes().subarray(-32)

describe.each(CURVES)('a signing key of %s', (curve, Official, { CURVE }) => {
  test('is the key that @atproto/crypto makes of the same bytes', async () => {
    for (let at = 0; at < 50; at += 1) {
      const key = SigningKey.generate(curve)
      // The public key is reckoned in another way once something was signed.
      if (at === 25) key.signSync(message(at))
      const official = await Official.import(bare(key))
      expect(key.did()).toBe(official.did())
      expect(key.jwtAlg).toBe(official.jwtAlg)
      expect(key.curve).toBe(curve)
    }
  })

  test('is the same once it was stored and read', async () => {
    const key = SigningKey.generate(curve)
    const read = SigningKey.fromBytes(key.toBytes())
    expect(read.did()).toBe(key.did())
    expect(read.toBytes()).toEqual(key.toBytes())
    expect(await verifySignature(key.did(), message(1), read.signSync(message(1)))).toBe(true)
  })

  test('never gives a high S, nor a number that is too short', async () => {
    const key = SigningKey.generate(curve)
    const half = CURVE.n >> 1n
    let high = 0
    for (let at = 0; at < 1500; at += 1) {
      const signature = key.signSync(message(at))
      expect(signature).toHaveLength(64)
      const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
      if (s > half) high += 1
      // Every one by the verifier's own rule is slow; some of them are enough for the encoding of R.
      if (at % 30 === 0) expect(await verifySignature(key.did(), message(at), signature)).toBe(true)
    }
    expect(high).toBe(0)
  })

  test('does not verify what was changed, nor what another key signed', async () => {
    const key = SigningKey.generate(curve)
    const signature = await key.sign(message(1))
    expect(await verifySignature(key.did(), message(2), signature)).toBe(false)
    const other = SigningKey.generate(curve)
    expect(await verifySignature(other.did(), message(1), signature)).toBe(false)
  })

  test('is not made of bytes that are none', () => {
    const mark = curve === 'p256' ? [2] : []
    for (const bytes of [new Uint8Array(32), new Uint8Array(32).fill(255)]) {
      expect(() => SigningKey.fromBytes(new Uint8Array([...mark, ...bytes]))).toThrow()
    }
    expect(() => SigningKey.fromBytes(new Uint8Array(31).fill(1))).toThrow()
  })
})

test('keys of P-256 whose coordinates begin with zeros are named in full', async () => {
  // The 8 keys of 1..2000 that have such a coordinate, found beforehand, would prove the same: these are quick to find.
  let found = 0
  for (let scalar = 1; scalar < 1200 && found < 3; scalar += 1) {
    const bytes = new Uint8Array(33)
    bytes[0] = 2
    new DataView(bytes.buffer).setUint16(31, scalar)
    const key = SigningKey.fromBytes(bytes)
    const { keyBytes } = parseDidKey(key.did())
    if (keyBytes[1] !== 0) continue
    found += 1
    expect(key.did()).toBe((await P256Keypair.import(bytes.slice(1))).did())
    expect(key.toBytes()).toEqual(bytes)
  }
  expect(found).toBe(3)
})

test('signatures of secp256k1 are those that @atproto/crypto makes, byte for byte', async () => {
  const key = SigningKey.generate('k256')
  const official = await Secp256k1Keypair.import(bare(key))
  for (let at = 0; at < 20; at += 1) {
    expect(key.signSync(message(at))).toEqual(await official.sign(message(at)))
  }
})

test('a key of either curve reads what a release before wrote', async () => {
  const bytes = new Uint8Array(hash('sha256', 'a private key', 'buffer'))
  const stored: [Curve, Uint8Array][] = [
    ['k256', bytes],
    ['p256', new Uint8Array([2, ...bytes])],
  ]
  for (const [curve, sealed] of stored) expect(SigningKey.fromBytes(sealed).curve).toBe(curve)
})
