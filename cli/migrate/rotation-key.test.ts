import { base58btc } from 'multiformats/bases/base58'
import { expect, test } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { MoveError } from './errors.ts'
import { readRotationKey } from './rotation-key.ts'

const k256 = SigningKey.generate('k256')
const p256 = SigningKey.generate('p256')
const known = [k256.did(), p256.did()]
const privateBytes = (key: SigningKey) => key.toBytes().slice(-32)
const hexOf = (key: SigningKey) => Buffer.from(privateBytes(key)).toString('hex')

test('hex is a key of the curve that makes it one of the identity’s', () => {
  expect(readRotationKey(hexOf(k256), known).did()).toBe(k256.did())
  expect(readRotationKey(` ${hexOf(p256).toUpperCase()}\n`, known).did()).toBe(p256.did())
})

test('multibase is read as goat and the recovery page write it', () => {
  const text = (prefix: number[], key: SigningKey) =>
    base58btc.encode(new Uint8Array([...prefix, ...privateBytes(key)]))
  expect(readRotationKey(text([0x81, 0x26], k256), known).did()).toBe(k256.did())
  expect(readRotationKey(text([0x86, 0x26], p256), known).did()).toBe(p256.did())
})

test('anything else is refused without being repeated', () => {
  const other = hexOf(SigningKey.generate())
  const refused = (text: string, list = known) => {
    try {
      readRotationKey(text, list)
    } catch (error) {
      expect(error).toBeInstanceOf(MoveError)
      expect((error as Error).message).not.toContain(text)
      return (error as Error).message
    }
    return undefined
  }
  expect(refused(other)).toContain(`it has ${known.join(', ')}`)
  expect(refused('correct horse battery staple')).toContain('neither 64 hex digits')
  expect(refused('zNot0Base58')).toContain('neither 64 hex digits')
})
