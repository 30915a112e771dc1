import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, test, vi } from 'vitest'
import { EmailTokens, TOKEN_LIFETIME } from './email-tokens.ts'

const DID = 'did:web:alice.test'
let made = 0

/** Runs a test on a fresh, empty directory. */
const withTokens = (work: (tokens: EmailTokens) => void): Promise<void> => {
  const id = env.DIRECTORY.idFromName(`tokens ${made++}`)
  return runInDurableObject(env.DIRECTORY.get(id), (_, { storage }) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      work(new EmailTokens(storage.sql))
    } finally {
      vi.useRealTimers()
    }
  })
}

const later = (ms: number) => vi.setSystemTime(Date.now() + ms)
const INVALID = expect.objectContaining({ name: 'InvalidToken' })
const EXPIRED = expect.objectContaining({ name: 'ExpiredToken' })

test('a token works once', () =>
  withTokens((tokens) => {
    tokens.put('reset_password', DID, 'hash')
    expect(tokens.consume('reset_password', 'hash')).toBe(DID)
    expect(() => tokens.consume('reset_password', 'hash')).toThrow(INVALID)
  }))

test('a token works for its purpose and its account only, and a wrong try does not use it up', () =>
  withTokens((tokens) => {
    tokens.put('delete_account', DID, 'hash')
    expect(() => tokens.consume('reset_password', 'hash')).toThrow(INVALID)
    expect(() => tokens.consume('delete_account', 'hash', 'did:web:bob.test')).toThrow(INVALID)
    expect(tokens.consume('delete_account', 'hash', DID)).toBe(DID)
  }))

test('a token lasts for fifteen minutes, and is known as expired for another day', () =>
  withTokens((tokens) => {
    tokens.put('confirm_email', DID, 'first')
    later(TOKEN_LIFETIME - 1)
    expect(tokens.consume('confirm_email', 'first')).toBe(DID)
    tokens.put('confirm_email', DID, 'second')
    later(TOKEN_LIFETIME)
    expect(() => tokens.consume('confirm_email', 'second')).toThrow(EXPIRED)
    later(24 * 60 * 60 * 1000 + 1)
    tokens.prune(Date.now())
    expect(() => tokens.consume('confirm_email', 'second')).toThrow(INVALID)
  }))

test('a few tokens of a purpose work side by side, until one of them is used', () =>
  withTokens((tokens) => {
    tokens.put('plc_operation', DID, 'other')
    for (const hash of ['a', 'b', 'c', 'd', 'e', 'f']) {
      later(1)
      tokens.put('update_email', DID, hash)
    }
    expect(tokens.newest('update_email', DID)).toBe(Date.now())
    expect(tokens.newest('delete_account', DID)).toBeUndefined()
    expect(() => tokens.consume('update_email', 'a')).toThrow(INVALID)
    expect(tokens.consume('update_email', 'b')).toBe(DID)
    expect(() => tokens.consume('update_email', 'f')).toThrow(INVALID)
    expect(tokens.consume('plc_operation', 'other')).toBe(DID)
  }))

test('all tokens of an account can be made worthless at once', () =>
  withTokens((tokens) => {
    tokens.put('update_email', DID, 'one')
    tokens.put('reset_password', DID, 'two')
    tokens.put('reset_password', 'did:web:bob.test', 'three')
    tokens.revokeAll(DID)
    expect(() => tokens.consume('update_email', 'one')).toThrow(INVALID)
    expect(() => tokens.consume('reset_password', 'two')).toThrow(INVALID)
    expect(tokens.consume('reset_password', 'three')).toBe('did:web:bob.test')
  }))
