import { describe, expect, test } from 'vitest'
import { challengeExpiry, makeChallenge } from './challenge.ts'
import { hashRecoveryCode, makeRecoveryCodes } from './recovery-codes.ts'
import { describeTotp, looksLikeTotp, makeTotpSecret, totpStep } from './totp.ts'

/** RFC 6238, Appendix B: the secret of the SHA-1 vectors; the last six of their eight digits. */
const SECRET = new TextEncoder().encode('12345678901234567890')

describe('codes of authenticator apps', () => {
  test.each([
    [59, '287082'],
    [1111111109, '081804'],
    [1111111111, '050471'],
    [1234567890, '005924'],
    [2000000000, '279037'],
    [20000000000, '353130'],
  ])('are those of RFC 6238 at %i', async (seconds, code) => {
    const step = Math.floor(seconds / 30)
    expect(await totpStep(SECRET, code, seconds * 1000)).toBe(step)
    expect(await totpStep(SECRET, code, (seconds + 30) * 1000)).toBe(step)
    expect(await totpStep(SECRET, code, (seconds - 30) * 1000)).toBe(step)
    expect(await totpStep(SECRET, code, (seconds + 90) * 1000)).toBeUndefined()
  })

  test('are six digits, blanks aside', () => {
    expect(looksLikeTotp(' 123 456 ')).toBe(true)
    for (const code of ['12345', '1234567', 'abcdef', '']) expect(looksLikeTotp(code)).toBe(false)
  })

  test('are set up with an address that apps understand', async () => {
    const setup = await describeTotp(makeTotpSecret(), { handle: 'a.test', hostname: 'pds.test' })
    const { protocol, host, searchParams } = new URL(setup.uri)
    expect([protocol, host]).toEqual(['otpauth:', 'totp'])
    expect(Object.fromEntries(searchParams)).toMatchObject({
      secret: setup.secret,
      issuer: 'pds.test',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    })
    expect(setup.secret).toMatch(/^[A-Z2-7]{32}$/)
  })
})

test('recovery codes are all different, and as good typed in another way', () => {
  const codes = makeRecoveryCodes()
  expect(new Set(codes).size).toBe(10)
  expect(hashRecoveryCode('key', 'abcde-fgh23')).toBe(hashRecoveryCode('key', 'ABCDE FGH23'))
  expect(hashRecoveryCode('key', 'abcde-fgh23')).not.toBe(hashRecoveryCode('other', 'abcde-fgh23'))
})

test('a challenge is taken by the host that made it, for five minutes, unchanged', () => {
  const challenge = makeChallenge('secret', 1_000_000)
  expect(challengeExpiry(['secret'], challenge, 1_000_000)).toBe(1_300_000)
  expect(challengeExpiry(['secret'], challenge, 1_300_000)).toBeUndefined()
  expect(challengeExpiry(['other'], challenge, 1_000_000)).toBeUndefined()
  const text = Buffer.from(challenge, 'base64url').toString()
  const later = Buffer.from(text.replace(/^[^.]*/, 'zzzzzzzz')).toString('base64url')
  expect(challengeExpiry(['secret'], later, 1_000_000)).toBeUndefined()
  for (const nonsense of ['', '.', '..', 'é']) {
    expect(challengeExpiry(['secret'], nonsense)).toBeUndefined()
  }
})
