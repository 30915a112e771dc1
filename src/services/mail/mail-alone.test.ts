import { XRPCError } from '@atproto/xrpc-server'
import { describe, expect, test, vi } from 'vitest'
import type { MailOptions } from '../../contracts/directory.ts'
import { readBranding } from '../../kernel/config/branding.ts'
import { hashMailedToken } from '../../kernel/crypto/mailed-token.ts'
import type { Mail } from '../../kernel/mail.ts'
import type { Account } from '../../storage/account/profile.ts'
import { standIn } from '../../testing/stand-in.ts'
import type { AccountClient, DirectoryClient } from '../objects/stubs.ts'
import { MailService } from './mail.ts'

const did = 'did:web:alice.test'
const handle = 'alice.test'
const jwtSecret = 'a secret, long enough'

/** An account as its object has it, and as the directory does. */
function hostWith({
  email = 'old@example.com',
  directoryEmail = email,
  sends = true,
  contactEmail,
  limited = false,
  language = null,
  asked = null,
}: {
  email?: string | null
  directoryEmail?: string | null
  sends?: boolean
  contactEmail?: string
  limited?: boolean
  /** What is remembered, and what the browser says. */
  language?: string | null
  asked?: string | null
} = {}) {
  const calls: string[] = []
  const profile = standIn<Account>({ did, handle, email, emailConfirmedAt: '2026-01-01' })
  const log = <Args extends unknown[], T>(name: string, answer: (...args: Args) => T) =>
    vi.fn(async (...args: Args) => {
      calls.push(name)
      return answer(...args)
    })
  const account = {
    getProfile: log('profile.get', () => profile),
    setEmail: log('email.set', (_email: string) => undefined),
  }
  const directory = {
    find: log('accounts.find', () => ({ did, handle, email: directoryEmail })),
    addressee: log('mails.addressee', () => ({
      did,
      handle,
      email: directoryEmail,
      language,
      signInMails: true,
    })),
    setLanguage: log('mails.setLanguage', (_did: string, _language: string) => undefined),
    setEmail: log(
      'accounts.setEmail',
      (_did: string, _email: string, _token?: string) => undefined,
    ),
    put: log(
      'tokens.put',
      (_purpose: string, _did: string, _hash: string, mail: Mail, _spacing?: number) =>
        mail.to === directoryEmail,
    ),
    addMail: log(
      'mails.add',
      (_mail: Mail, _kind: string, _lifetime: number, _options?: MailOptions) => true,
    ),
    findToken: log('tokens.find', (_purpose: string, _hash: string, _did?: string) => did),
    consume: log('tokens.consume', (_purpose: string, _hash: string, _did?: string) => did),
  }
  const mail = new MailService({
    config: {
      jwtSecret,
      hostname: 'pds.test',
      publicUrl: 'https://pds.test',
      mailFrom: 'noreply@pds.test',
      contactEmail,
      devMode: false,
      defaultLanguage: 'en',
      branding: readBranding({}, { hostname: 'pds.test', contactEmail }),
    },
    objects: {
      account: () =>
        standIn<AccountClient>({
          profile: standIn<AccountClient['profile']>({ get: account.getProfile }),
          email: standIn<AccountClient['email']>({ set: account.setEmail }),
          rateLimits: { consume: async () => undefined },
        }),
      directory: standIn<DirectoryClient>({
        accounts: standIn<DirectoryClient['accounts']>({
          find: directory.find,
          setEmail: directory.setEmail,
        }),
        tokens: standIn<DirectoryClient['tokens']>({
          put: directory.put,
          find: directory.findToken,
          consume: directory.consume,
        }),
        mails: standIn<DirectoryClient['mails']>({
          add: directory.addMail,
          addressee: directory.addressee,
          setLanguage: directory.setLanguage,
        }),
      }),
    },
    sends,
    client: () => ({ languages: asked, userAgent: null, network: 'here' }),
    isLimited: () => limited,
    waitUntil: () => {},
    log: { error: () => {} },
  })
  return { mail, calls, account, directory }
}

test('the operator is told of what concerns the host, where there is an address for that', async () => {
  const { mail, directory } = hostWith({ contactEmail: 'admin@pds.test' })
  expect(await mail.tellOperator('Many\r\nBcc: x@y.test sign-ups', 'First.\n\nSecond.')).toBe(true)
  const [sent, , , options] = directory.addMail.mock.calls[0] ?? []
  expect(sent).toMatchObject({ to: 'admin@pds.test', subject: 'Many Bcc: x@y.test sign-ups' })
  expect(options).toEqual({ did: 'operator' })
  const nobody = hostWith()
  expect(await nobody.mail.tellOperator('a', 'b')).toBe(false)
  expect(nobody.directory.addMail).not.toHaveBeenCalled()
})

const refusal = new XRPCError(400, 'taken', 'InvalidRequest')

describe('a token', () => {
  test('is mailed to the address that the directory has; only its hash is kept', async () => {
    const { mail, directory } = hostWith({ directoryEmail: 'new@example.com' })
    await mail.sendToken(did, 'reset_password')
    const sent = directory.put.mock.calls[0]?.[3]
    expect(sent).toMatchObject({ to: 'new@example.com', from: 'noreply@pds.test' })
    const token = /[A-Z2-7]{5}-[A-Z2-7]{5}/.exec(sent?.text ?? '')?.[0] ?? ''
    const hash = hashMailedToken(jwtSecret, 'reset_password', token)
    expect(directory.put.mock.calls).toEqual([['reset_password', did, hash, sent, 0]])
  })

  test('is not made, and the one before stays good, where no mail can be sent', async () => {
    const { mail, calls } = hostWith({ sends: false, contactEmail: 'admin@pds.test' })
    await expect(mail.sendToken(did, 'reset_password')).rejects.toMatchObject({
      statusCode: 400,
      message: 'This host cannot send mail; its operator can help: admin@pds.test',
    })
    expect(() => mail.assertSends()).toThrow('This host cannot send mail')
    expect(calls).toEqual([])
    expect(await mail.outbox()).toBeUndefined()
  })

  test('is not mailed to who has no address', async () => {
    const { mail, directory } = hostWith({ directoryEmail: null })
    await expect(mail.sendToken(did, 'reset_password')).rejects.toMatchObject({
      statusCode: 400,
      message: 'account does not have an email address',
    })
    expect(directory.put).not.toHaveBeenCalled()
  })

  test('is mailed to the address that the account gets meanwhile, unless it gets others and others', async () => {
    const { mail, directory } = hostWith()
    directory.put.mockResolvedValueOnce(false)
    await mail.sendToken(did, 'reset_password')
    expect(directory.addressee).toHaveBeenCalledTimes(2)
    directory.put.mockResolvedValue(false)
    await expect(mail.sendToken(did, 'reset_password')).rejects.toMatchObject({ statusCode: 503 })
  })

  test.each([
    [{ language: null, asked: 'de-AT' }, 'E-Mail-Adresse bei pds.test bestätigen', ['de']],
    [{ language: 'fr', asked: 'de' }, 'E-Mail-Adresse bei pds.test bestätigen', ['de']],
    [{ language: 'fr', asked: 'sv' }, 'Confirmez votre adresse e-mail sur pds.test', []],
    [{ language: 'de', asked: 'de' }, 'E-Mail-Adresse bei pds.test bestätigen', []],
    [{ language: 'xx', asked: null }, 'Confirm your email address on pds.test', []],
  ])('that its owner asks for is in the language of %o', async (readers, subject, noted) => {
    const { mail, directory } = hostWith(readers)
    await mail.sendToken(did, 'confirm_email')
    expect(directory.put.mock.calls[0]?.[3]).toMatchObject({ subject })
    expect(directory.setLanguage.mock.calls.map(([, language]) => language)).toEqual(noted)
  })

  test('that anybody asks for tells nothing of what its owner reads', async () => {
    const { mail, directory } = hostWith({ language: 'ja', asked: 'de' })
    await mail.sendToken(did, 'reset_password')
    expect(directory.put.mock.calls[0]?.[3]).toMatchObject({
      subject: 'pds.test：パスワードの再設定',
    })
    expect(directory.setLanguage).not.toHaveBeenCalled()
  })

  test('is used as it is typed', async () => {
    const { mail, directory } = hostWith()
    expect(await mail.consumeToken('delete_account', ' abcde fghij ', did)).toBe(did)
    const hash = hashMailedToken(jwtSecret, 'delete_account', 'ABCDE-FGHIJ')
    expect(directory.consume.mock.calls).toEqual([['delete_account', hash, did]])
  })
})

describe('the address of an account', () => {
  test('is read from the account first, since the directory is never behind it', async () => {
    const { mail, calls } = hostWith()
    expect(await mail.readAddress(did)).toMatchObject({
      email: 'old@example.com',
      emailConfirmedAt: '2026-01-01',
    })
    expect(calls).toEqual(['profile.get', 'accounts.find'])
  })

  test('is the one in the directory where a change broke off, which is completed', async () => {
    const { mail, account } = hostWith({ directoryEmail: 'new@example.com' })
    expect(await mail.readAddress(did)).toMatchObject({
      did,
      email: 'new@example.com',
      emailConfirmedAt: null,
    })
    expect(account.setEmail.mock.calls).toEqual([['new@example.com']])
  })

  test('is left alone where the directory has none', async () => {
    const { mail, account } = hostWith({ directoryEmail: null })
    expect(await mail.readAddress(did)).toMatchObject({ email: 'old@example.com' })
    expect(account.setEmail).not.toHaveBeenCalled()
  })

  test('changes in the directory first, which uses the token up', async () => {
    const { mail, calls, directory, account } = hostWith({ sends: false })
    await mail.changeAddress(did, 'new@example.com', 'abcde-fghij')
    expect(calls).toEqual(['accounts.find', 'accounts.setEmail', 'email.set'])
    const hash = hashMailedToken(jwtSecret, 'update_email', 'abcde-fghij')
    expect(directory.setEmail.mock.calls).toEqual([[did, 'new@example.com', hash]])
    expect(account.setEmail.mock.calls).toEqual([['new@example.com']])
  })

  test('changes are told to the old one', async () => {
    const { mail, directory } = hostWith()
    await mail.changeAddress(did, 'new@example.com')
    await vi.waitFor(() => expect(directory.addMail).toHaveBeenCalledOnce())
    expect(directory.addMail.mock.calls[0]?.[0]).toMatchObject({
      to: 'old@example.com',
      text: expect.stringContaining('new@example.com'),
    })
  })

  test('changes without a token where none is needed', async () => {
    const { mail, directory } = hostWith()
    await mail.changeAddress(did, 'new@example.com')
    expect(directory.setEmail.mock.calls).toEqual([[did, 'new@example.com', undefined]])
  })

  test('stays as it is when the directory refuses the new one', async () => {
    const { mail, directory, account } = hostWith()
    directory.setEmail.mockRejectedValue(refusal)
    await expect(mail.changeAddress(did, 'taken@example.com', 'abcde-fghij')).rejects.toBe(refusal)
    expect(account.setEmail).not.toHaveBeenCalled()
  })
})
