import { expect, test } from 'vitest'
import type { Config } from '../../kernel/config/config.ts'
import { decrypt, encrypt } from '../../kernel/crypto/encrypt.ts'
import { SigningKey } from '../../kernel/crypto/signing-key.ts'
import { openCodeKeys } from '../../services/factors/recovery-code-keys.ts'
import { hashRecoveryCode } from '../../services/factors/recovery-codes.ts'
import { RecoveryCodes } from '../../storage/account/recovery-codes.ts'
import { TotpStore } from '../../storage/account/totp.ts'
import { type AccountParts, withAccount } from '../../testing/account-parts.ts'
import { rewrapAccount, SIGNING_KEY } from './rewrap.ts'

const NEXT = 'the next key secret'

const factorsOf = ({ sql }: AccountParts) => ({
  totp: new TotpStore(sql),
  recoveryCodes: new RecoveryCodes(sql),
})

const rewrapWith = (parts: AccountParts, config: Pick<Config, 'keySecret' | 'otherKeySecret'>) =>
  rewrapAccount({ ...parts.core, ...factorsOf(parts), config })

async function use(parts: AccountParts, keySecret: string, code: string): Promise<boolean> {
  const { recoveryCodes } = factorsOf(parts)
  const keys = await openCodeKeys({ keySecret }, recoveryCodes.sealedKeys())
  return keys.some((key) => recoveryCodes.use(hashRecoveryCode(key, code)))
}

test('recovery codes of an earlier release, whose hashes cannot be made anew, work under the next secrets', () =>
  withAccount(async (parts) => {
    const { keySecret: before } = parts.config
    const { recoveryCodes } = factorsOf(parts)
    recoveryCodes.replace(['one', 'two', 'three'].map((code) => hashRecoveryCode(before, code)))
    expect(await rewrapWith(parts, { keySecret: NEXT, otherKeySecret: before })).toBe(true)
    expect(await rewrapWith(parts, { keySecret: NEXT, otherKeySecret: before })).toBe(false)
    expect(await use(parts, NEXT, 'one')).toBe(true)
    expect(await use(parts, NEXT, 'one')).toBe(false)
    expect(await rewrapWith(parts, { keySecret: 'a third one', otherKeySecret: NEXT })).toBe(true)
    expect(await use(parts, 'a third one', 'two')).toBe(true)
    await expect(use(parts, before, 'three')).rejects.toMatchObject({ name: 'DecryptionError' })
  }))

test('signing keys of both curves are the same keys under the next secret, also one of a rotation that broke off', () =>
  withAccount(async (parts) => {
    const { profile, config } = parts
    const before = config.keySecret
    const keys = [SigningKey.generate('p256'), SigningKey.generate('k256')] as const
    const [signingKey, nextSigningKey] = await Promise.all(
      keys.map((key) => encrypt(before, SIGNING_KEY, key.toBytes())),
    )
    profile.update({ ...(signingKey && { signingKey }), ...(nextSigningKey && { nextSigningKey }) })
    await rewrapWith(parts, { keySecret: NEXT, otherKeySecret: before })
    const read = async (sealed: Uint8Array = new Uint8Array()) =>
      SigningKey.fromBytes(await decrypt(NEXT, SIGNING_KEY, sealed))
    const renewed = [await read(profile.sealedSigningKey()), await read(profile.sealedNextKey())]
    expect(renewed.map((key) => key.did())).toEqual(keys.map((key) => key.did()))
    expect(renewed.map(({ curve }) => curve)).toEqual(['p256', 'k256'])
  }))

test('what neither secret opens is not passed over', () =>
  withAccount(async (parts) => {
    const lost = { keySecret: NEXT, otherKeySecret: 'not the one before' }
    await expect(rewrapWith(parts, lost)).rejects.toMatchObject({ name: 'DecryptionError' })
  }))
