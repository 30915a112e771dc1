import { afterEach, describe, expect, test, vi } from 'vitest'
import { issueTokens, type TokenError, verifyToken } from './session-tokens.ts'

const issuer = { secrets: ['a secret that is long enough'], serviceDid: 'did:web:pds.test' }
const HOUR = 60 * 60 * 1000
const did = 'did:web:alice.test'
const SCOPE = 'com.atproto.access'
const subject = { did, scope: SCOPE, id: 's', family: 'session 1' }

afterEach(() => {
  vi.useRealTimers()
})

const refusal = (reason: string) =>
  expect.objectContaining({ name: 'TokenError', reason }) as TokenError

test('a token says whose it is and what it is for', async () => {
  const { accessJwt, refreshJwt } = await issueTokens(issuer, { ...subject, id: 'refresh 1' })
  const access = { did, scope: SCOPE, jti: undefined, session: 'session 1' }
  expect(await verifyToken(issuer, accessJwt, 'at+jwt')).toEqual(access)
  expect(await verifyToken(issuer, accessJwt, 'at+jwt')).toEqual(access)
  expect(await verifyToken(issuer, refreshJwt, 'refresh+jwt')).toEqual({
    did,
    scope: 'com.atproto.refresh',
    jti: 'refresh 1',
    session: undefined,
  })
})

describe('a token is refused, also after it was accepted for something else', () => {
  test('as a token of the other kind', async () => {
    const { accessJwt } = await issueTokens(issuer, subject)
    await verifyToken(issuer, accessJwt, 'at+jwt')
    await expect(verifyToken(issuer, accessJwt, 'refresh+jwt')).rejects.toEqual(
      refusal('InvalidToken'),
    )
  })

  test('by another host, and under another secret', async () => {
    const { accessJwt } = await issueTokens(issuer, subject)
    await verifyToken(issuer, accessJwt, 'at+jwt')
    const other = { ...issuer, serviceDid: 'did:web:other.test' }
    await expect(verifyToken(other, accessJwt, 'at+jwt')).rejects.toEqual(refusal('InvalidToken'))
    const changed = { ...issuer, secrets: ['another secret, long enough'] }
    await expect(verifyToken(changed, accessJwt, 'at+jwt')).rejects.toEqual(refusal('InvalidToken'))
  })

  test('when its time is over', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { accessJwt, refreshJwt } = await issueTokens(issuer, subject)
    await verifyToken(issuer, accessJwt, 'at+jwt')
    vi.setSystemTime(Date.now() + 2 * HOUR + 1000)
    await expect(verifyToken(issuer, accessJwt, 'at+jwt')).rejects.toEqual(refusal('ExpiredToken'))
    await verifyToken(issuer, refreshJwt, 'refresh+jwt')
    vi.setSystemTime(Date.now() + 90 * 24 * HOUR)
    const verify = (evenExpired: boolean) =>
      verifyToken(issuer, refreshJwt, 'refresh+jwt', { evenExpired })
    await expect(verify(false)).rejects.toEqual(refusal('ExpiredToken'))
    expect(await verify(true)).toMatchObject({ jti: 's' })
    await expect(verify(false)).rejects.toEqual(refusal('ExpiredToken'))
  })
})
