import { generateKeyPairSync, sign } from 'node:crypto'
import { expect, test } from 'vitest'
import { AsnParser, Certificate, ECDSASigValue } from './attestation-certificates.ts'

const padded = (integer: ArrayBuffer, length: number): Buffer => {
  const bytes = new Uint8Array(integer)
  const significant = bytes.subarray(bytes.findIndex((byte: number) => byte !== 0))
  return Buffer.concat([Buffer.alloc(length - significant.length), significant])
}

test.each([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
])('signatures of %s are read as the platform has written them', async (namedCurve, length) => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve })
  const ecdsa = { name: 'ECDSA', namedCurve, hash: 'SHA-256' }
  const jwk = publicKey.export({ format: 'jwk' }) as JsonWebKey
  const key = await crypto.subtle.importKey('jwk', jwk, ecdsa, false, ['verify'])
  // Integers of all lengths are among so many.
  for (let round = 0; round < 200; round++) {
    const data = Buffer.from(`data ${round}`)
    const { r, s } = AsnParser.parse(sign('sha256', data, privateKey), ECDSASigValue)
    const plain = Buffer.concat([padded(r, length), padded(s, length)])
    expect(await crypto.subtle.verify(ecdsa, key, plain, data)).toBe(true)
  }
})

const signature = Buffer.from('3006020101020102', 'hex')

test('what is no signature is refused', () => {
  expect(AsnParser.parse(signature, ECDSASigValue).s.byteLength).toBe(1)
  for (let length = 0; length < signature.length; length++) {
    const cut = signature.subarray(0, length)
    expect(() => AsnParser.parse(cut, ECDSASigValue), cut.toString('hex')).toThrow('DER')
  }
  for (const hex of [
    '300602010102010200',
    '3009020101020102020103',
    '3003020101',
    '30810602010102010200',
    '3080020101020102',
    '30060201010201',
    '3006040101020102',
    '300602000204aabb',
    '30060202010202ff',
  ]) {
    expect(() => AsnParser.parse(Buffer.from(hex, 'hex'), ECDSASigValue), hex).toThrow('DER')
  }
})

test('certificates are not read', () => {
  expect(() => AsnParser.parse(signature, Certificate)).toThrow('not read')
})
