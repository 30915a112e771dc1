import { XRPCError } from '@atproto/xrpc-server'
import { describe, expect, test, vi } from 'vitest'
import type { Account } from '../../storage/account/profile.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { MailService } from '../mail/mail.ts'
import type { AccountClient } from '../objects/stubs.ts'
import { MailedCodes } from './mailed-codes.ts'

const did = 'did:web:alice.test'

/** An account that asks for these factors, on a host that sends mail. */
function codesFor({
  totp = false,
  email = false,
  address = 'alice@example.com',
}: {
  totp?: boolean
  email?: boolean
  address?: string | null
}) {
  const setEmailFactor = vi.fn(async (_on: boolean) => undefined)
  const sendToken = vi.fn(async (_did: string, _purpose: string) => undefined)
  const consumeToken = vi.fn(async (_purpose: string, _token: string, _did?: string) => did)
  const assertSends = vi.fn()
  const countMail = vi.fn(async (_did: string) => undefined)
  const logged = vi.fn()
  const tell = vi.fn((_did: string, _notice: object) => undefined)
  const codes = new MailedCodes({
    objects: {
      account: () =>
        standIn<AccountClient>({
          factors: standIn<AccountClient['factors']>({
            get: async () => ({ totp, email, recoveryCodes: 0 }),
            setEmailFactor,
          }),
        }),
    },
    mail: standIn<MailService>({
      sendToken,
      consumeToken,
      assertSends,
      tell,
      readAddress: async () => standIn<Account>({ email: address, emailAuthFactor: email }),
    }),
    log: { error: logged },
    countMail,
  })
  return { codes, setEmailFactor, sendToken, consumeToken, assertSends, countMail, logged, tell }
}

const limited = new XRPCError(429, 'Rate Limit Exceeded', 'RateLimitExceeded')

describe('a code', () => {
  test('is neither mailed nor counted where nobody asks for it', async () => {
    const { codes, countMail, sendToken } = codesFor({ totp: true })
    await codes.send(did)
    expect(countMail).not.toHaveBeenCalled()
    expect(sendToken).not.toHaveBeenCalled()
  })

  test('is counted, and then mailed', async () => {
    const { codes, countMail, sendToken } = codesFor({ email: true })
    await codes.send(did)
    expect(countMail.mock.calls).toEqual([[did]])
    expect(sendToken.mock.calls).toEqual([[did, 'sign_in']])
    expect(countMail).toHaveBeenCalledBefore(sendToken)
  })

  test('is not mailed when there were too many, which is told where nothing else is a way in', async () => {
    const { codes, countMail, sendToken, logged } = codesFor({ email: true })
    countMail.mockRejectedValue(limited)
    await expect(codes.send(did)).rejects.toBe(limited)
    expect(sendToken).not.toHaveBeenCalled()
    expect(logged).not.toHaveBeenCalled()
  })

  test('that cannot be mailed stops nobody who has an authenticator app', async () => {
    const { codes, countMail, sendToken, logged } = codesFor({ email: true, totp: true })
    countMail.mockRejectedValueOnce(limited)
    await codes.send(did)
    expect(sendToken).not.toHaveBeenCalled()
    const noMail = new XRPCError(400, 'This host cannot send mail')
    sendToken.mockRejectedValueOnce(noMail)
    await codes.send(did)
    expect(logged.mock.calls.map(([, error]) => error)).toEqual([limited, noMail])
  })

  test('that failed for an unknown reason is a failure in any case', async () => {
    const { codes, sendToken } = codesFor({ email: true, totp: true })
    const bug = new Error('a bug')
    sendToken.mockRejectedValue(bug)
    await expect(codes.send(did)).rejects.toBe(bug)
  })
})

describe('codes by mail', () => {
  test('are switched on where mail can be sent, to an address that there is', async () => {
    const { codes, setEmailFactor } = codesFor({})
    await codes.setEnabled(did, true)
    expect(setEmailFactor.mock.calls).toEqual([[true]])
    const without = codesFor({ address: null })
    await expect(without.codes.setEnabled(did, true)).rejects.toMatchObject({ statusCode: 400 })
    const silent = codesFor({})
    silent.assertSends.mockImplementation(() => {
      throw new XRPCError(400, 'This host cannot send mail')
    })
    await expect(silent.codes.setEnabled(did, true)).rejects.toThrow('This host cannot send mail')
    expect(without.setEmailFactor).not.toHaveBeenCalled()
    expect(silent.setEmailFactor).not.toHaveBeenCalled()
  })

  test('are switched off with a token from a mail, which is used up', async () => {
    const { codes, setEmailFactor, consumeToken, tell } = codesFor({ email: true })
    await expect(codes.setEnabled(did, false)).rejects.toMatchObject({ error: 'TokenRequired' })
    consumeToken.mockRejectedValueOnce(new XRPCError(400, 'wrong', 'InvalidToken'))
    await expect(codes.setEnabled(did, false, 'wrong')).rejects.toMatchObject({
      error: 'InvalidToken',
    })
    expect(setEmailFactor).not.toHaveBeenCalled()
    await codes.setEnabled(did, false, 'right')
    expect(consumeToken).toHaveBeenLastCalledWith('update_email', 'right', did)
    expect(setEmailFactor.mock.calls).toEqual([[false]])
    expect(tell.mock.calls).toEqual([[did, { kind: 'codes by mail off' }]])
  })

  test('that are as they should be cost nothing, not even a token', async () => {
    for (const email of [true, false]) {
      const { codes, setEmailFactor, consumeToken } = codesFor({ email })
      await codes.setEnabled(did, email, 'token')
      expect(consumeToken).not.toHaveBeenCalled()
      expect(setEmailFactor).not.toHaveBeenCalled()
    }
  })
})
