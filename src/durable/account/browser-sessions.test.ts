import { describe, expect, test, vi } from 'vitest'
import type { ShownFactor } from '../../contracts/account/sign-in.ts'
import {
  BrowserSessions as BrowserSessionTable,
  FRESH_TIME,
} from '../../storage/account/browser-sessions.ts'
import { OneTime } from '../../storage/account/one-time.ts'
import { StorageError } from '../../storage/error.ts'
import { type AccountParts, DID, withAccount } from '../../testing/account-parts.ts'
import { BrowserSessions, type BrowserSignInParts } from './browser-sessions.ts'

const refused = (name: string) => expect.objectContaining({ name })

/** What a sign-in needs, where the password is `right` and nothing else is asked for. */
function sessionsOf(
  { core, sql, profile }: AccountParts,
  {
    check = async () => null,
    authenticate = async () => profile.get(),
    isSigningOut = () => false,
  }: Partial<
    BrowserSignInParts['factors'] &
      BrowserSignInParts['passkeys'] &
      Pick<BrowserSignInParts, 'isSigningOut'>
  > = {},
): BrowserSessions {
  return new BrowserSessions(core, new BrowserSessionTable(sql), {
    passwords: { verify: async (password) => password === 'right' },
    factors: { check },
    passkeys: { authenticate },
    oneTime: new OneTime(sql),
    isSigningOut,
  })
}

/** Asks for a code, which is `good`. */
const wantsCode = async (code?: string): Promise<ShownFactor> => {
  if (code === undefined) throw new StorageError('AuthFactorTokenRequired', 'Enter a code', 401)
  if (code === 'mailed') return 'mail'
  if (code !== 'good') throw new StorageError('AuthenticationRequired', 'Token is invalid', 401)
  return 'app'
}

async function ticketOf(sessions: BrowserSessions): Promise<string> {
  const opened = await sessions.open('right')
  if (!opened || !('ticket' in opened)) throw new Error('no code was asked for')
  return opened.ticket
}

const open = ({ sql }: AccountParts) => sql.exec('SELECT hash FROM browser_session').toArray()

test('a password alone signs in where nothing else is asked for', () =>
  withAccount(async (parts) => {
    const sessions = sessionsOf(parts)
    expect(await sessions.open('wrong')).toBeNull()
    const opened = await sessions.open('right')
    if (!opened || !('token' in opened)) throw new Error('not signed in')
    expect(sessions.find(opened.token)).toMatchObject({ did: DID })
    sessions.close(opened.token)
    expect(sessions.find(opened.token)).toBeNull()
  }))

test('where a code is asked for, a ticket stands for the password until a right code was typed', () =>
  withAccount(async (parts) => {
    const sessions = sessionsOf(parts, { check: wantsCode })
    expect(await sessions.open('right')).toMatchObject({ wanted: 'Enter a code' })
    const ticket = await ticketOf(sessions)
    const wrong = sessions.complete(ticket, 'bad')
    await expect(wrong).rejects.toMatchObject(refused('AuthenticationRequired'))
    expect(open(parts)).toHaveLength(0)
    expect(sessions.find(await sessions.complete(ticket, 'good'))).toMatchObject({ did: DID })
    const again = sessions.complete(ticket, 'good')
    await expect(again).rejects.toMatchObject(refused('InvalidToken'))
  }))

test('a ticket that nobody was given is refused before a code is looked at', () =>
  withAccount(async (parts) => {
    const check = vi.fn(wantsCode)
    const completing = sessionsOf(parts, { check }).complete('made up', 'good')
    await expect(completing).rejects.toMatchObject(refused('InvalidToken'))
    expect(check).not.toHaveBeenCalled()
  }))

test('a ticket is good for one session, and for none when the password changes meanwhile', () =>
  withAccount(async (parts) => {
    const sessions = sessionsOf(parts, { check: wantsCode })
    const ticket = await ticketOf(sessions)
    const twice = await Promise.allSettled([
      sessions.complete(ticket, 'good'),
      sessions.complete(ticket, 'good'),
    ])
    expect(twice.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    expect(open(parts)).toHaveLength(1)
    const next = await ticketOf(sessions)
    const completing = sessions.complete(next, 'good')
    new OneTime(parts.sql).removeAll('password')
    await expect(completing).rejects.toMatchObject(refused('InvalidToken'))
    expect(open(parts)).toHaveLength(1)
  }))

test('what else is wrong with a factor is told as it is', () =>
  withAccount(async (parts) => {
    const sessions = sessionsOf(parts, {
      check: async () => {
        throw new StorageError('RateLimitExceeded', 'Rate Limit Exceeded', 429)
      },
    })
    await expect(sessions.open('right')).rejects.toMatchObject(refused('RateLimitExceeded'))
  }))

test('a passkey that is refused opens nothing', () =>
  withAccount(async (parts) => {
    const refusing = sessionsOf(parts, {
      authenticate: async () => {
        throw new StorageError('AuthenticationRequired', 'unknown', 401)
      },
    })
    const opening = refusing.openByPasskey('id', 'answer')
    await expect(opening).rejects.toMatchObject(refused('AuthenticationRequired'))
    expect(open(parts)).toHaveLength(0)
    const sessions = sessionsOf(parts)
    expect(sessions.find(await sessions.openByPasskey('id', 'answer'))).toMatchObject({ did: DID })
  }))

describe('an account that is taken down', () => {
  test('is opened by the password for what takes the data away, and for nothing else', () =>
    withAccount(async (parts) => {
      const sessions = sessionsOf(parts, { check: wantsCode })
      parts.store.setTakedown('a reason')
      const token = await sessions.complete(await ticketOf(sessions), 'good')
      expect(sessions.find(token)).toBeNull()
      expect(sessions.find(token, true)).toMatchObject({ status: 'takendown' })
      expect(() => sessions.assertOpen(token)).toThrow('not signed in any more')
      expect(() => sessions.assertOpen(token, { evenTakendown: true })).not.toThrow()
    }))

  test('is not opened by what the OAuth provider knows of a browser', () =>
    withAccount(async (parts) => {
      const sessions = sessionsOf(parts)
      const begun = sessions.beginOnDevice() ?? 0
      parts.store.setTakedown('a reason')
      expect(() => sessions.openOnDevice(begun, Date.now(), {})).toThrow('taken down')
    }))
})

describe('a browser that is signed in with the OAuth provider', () => {
  test('is signed in, and as fresh as its sign-in there', () =>
    withAccount((parts) => {
      const sessions = sessionsOf(parts)
      const signedInAt = Date.now() - FRESH_TIME
      const token = sessions.openOnDevice(sessions.beginOnDevice() ?? 0, signedInAt, {
        device: 'dev-1',
      })
      expect(sessions.find(token)).toMatchObject({ did: DID })
      expect(() => sessions.assertOpen(token)).not.toThrow()
      expect(() => sessions.assertOpen(token, { fresh: true })).toThrow('Confirm that it is you')
      sessions.closeOfDevice('dev-2')
      expect(sessions.find(token)).not.toBeNull()
      sessions.closeOfDevice('dev-1')
      expect(sessions.find(token)).toBeNull()
    }))

  test('is not, when the account was signed out everywhere since its cookies were looked at', () =>
    withAccount(({ core, ...parts }) => {
      const sessions = sessionsOf({ core, ...parts })
      const begun = sessions.beginOnDevice() ?? 0
      core.signOuts.add()
      expect(() => sessions.openOnDevice(begun, Date.now(), {})).toThrow('signed out everywhere')
    }))

  test('is not asked about while the provider has yet to hear of a sign-out', () =>
    withAccount((parts) => {
      expect(sessionsOf(parts, { isSigningOut: () => true }).beginOnDevice()).toBeNull()
    }))
})

test('a session whose credentials were shown long ago is fresh once they are shown again', () =>
  withAccount(async (parts) => {
    const sessions = sessionsOf(parts, { check: wantsCode })
    const token = sessions.openOnDevice(sessions.beginOnDevice() ?? 0, 0, {})
    expect(await sessions.confirm(token, 'wrong', 'good')).toBe(false)
    await expect(sessions.confirm(token, 'right')).rejects.toMatchObject(
      refused('AuthFactorTokenRequired'),
    )
    expect(() => sessions.assertOpen(token, { fresh: true })).toThrow('Confirm that it is you')
    expect(await sessions.confirm(token, 'right', 'good')).toBe(true)
    expect(() => sessions.assertOpen(token, { fresh: true })).not.toThrow()
  }))

test('a session knows whether more than a password and the mailbox was shown', () =>
  withAccount(async (parts) => {
    const sessions = sessionsOf(parts, { check: wantsCode })
    const by = async (token: string) => sessions.find(token)?.factorAt
    expect(await by(await sessions.complete(await ticketOf(sessions), 'good'))).toEqual(
      expect.any(Number),
    )
    expect(await by(await sessions.openByPasskey('id', 'answer'))).toEqual(expect.any(Number))
    const mailed = await sessions.complete(await ticketOf(sessions), 'mailed')
    expect(await by(mailed)).toBeNull()
    await expect(sessions.showCode(mailed, 'mailed')).rejects.toMatchObject(
      refused('AuthenticationRequired'),
    )
    await expect(sessions.showCode('made up', 'good')).rejects.toMatchObject(
      refused('AuthenticationRequired'),
    )
    expect(await by(mailed)).toBeNull()
    await sessions.showCode(mailed, 'good')
    expect(await by(mailed)).toEqual(expect.any(Number))
    const plain = sessionsOf(parts)
    const opened = await plain.open('right')
    if (!opened || !('token' in opened)) throw new Error('not signed in')
    expect(await by(opened.token)).toBeNull()
    // Where nothing is asked for, nothing was shown.
    await expect(plain.showCode(opened.token, 'good')).rejects.toMatchObject(
      refused('AuthenticationRequired'),
    )
    await plain.confirmByPasskey(opened.token, 'id', 'answer')
    expect(await by(opened.token)).toEqual(expect.any(Number))
  }))
