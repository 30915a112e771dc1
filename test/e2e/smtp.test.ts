/** Mails of a host with a public name, by SMTP: the official client does by them what takes a mail. */
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import type { ParsedMail } from 'mailparser'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { makeAccounts, operatorOf } from '../support/accounts.ts'
import { runCumulus } from '../support/command.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'
import { SECRET, startSmtp, type TestSmtp, USER } from '../support/smtp.ts'

let smtp: TestSmtp
let plc: TestPlc
let server: TestServer

const hostOf = (url: string) => ({
  PDS_HOSTNAME: 'pds.example.com',
  PDS_SERVICE_HANDLE_DOMAINS: '.test',
  PDS_DEV_MODE: 'false',
  PDS_DID_PLC_URL: plc.url,
  PDS_EMAIL_SMTP_URL: url,
  PDS_EMAIL_FROM_ADDRESS: 'noreply@pds.example.com',
})

const urlOf = ({ port }: TestSmtp, password = SECRET) =>
  `smtp://${USER}:${encodeURIComponent(password)}@127.0.0.1:${port}/?tls.rejectUnauthorized=false`

beforeAll(async () => {
  plc = await startPlc()
  // One of those that the system gives out might be somebody else's while the server is away.
  smtp = await startSmtp({ port: await freePort() })
  server = await startServer({ env: hostOf(urlOf(smtp)) })
})

afterAll(async () => {
  await server.stop()
  await smtp.stop()
  await plc.stop()
})

/** An account with an address, and its password. */
async function makeMailed() {
  const [account] = await makeAccounts(server, 1, 'did:plc')
  if (!account) throw new Error('no account')
  const password = `password of ${account.handle}`
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: account.handle, password })
  const email = `${account.handle}@example.com`
  await agent.com.atproto.server.updateEmail({ email })
  return { agent, did: account.did, handle: account.handle, email, password }
}

const addressOf = ({ to }: ParsedMail) => [to].flat()[0]?.text

/** As it came, unfolded. */
const headerOf = ({ headerLines }: ParsedMail, name: string): string | undefined =>
  headerLines.find(({ key }) => key === name)?.line.replace(/\r?\n[ \t]/g, '')

const mailAbout = (address: string, subject: string) =>
  vi.waitFor(() => {
    const mail = smtp.mails.findLast(
      (sent) => sent.subject?.startsWith(subject) && addressOf(sent) === address,
    )
    if (!mail) throw new Error(`no mail to ${address}: ${subject}`)
    return mail
  })

/** The token in the next mail to an address about something. */
const tokenTo = (address: string, subject: string) =>
  vi.waitFor(() => {
    const mail = smtp.mails.findLast(
      (sent) => sent.subject?.startsWith(subject) && [sent.to].flat()[0]?.text === address,
    )
    const token = /\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/.exec(mail?.text ?? '')?.[0]
    if (!token) throw new Error(`no mail to ${address}: ${subject}`)
    expect(mail?.html).toContain(token)
    return token
  })

test('a mail comes encrypted, from the host, with a name of its own', async () => {
  const { agent, email } = await makeMailed()
  await agent.com.atproto.server.requestEmailConfirmation()
  await tokenTo(email, 'Confirm your email address')
  const mail = smtp.mails.at(-1)
  expect(mail?.from?.text).toBe('noreply@pds.example.com')
  expect(mail?.subject).toBe('Confirm your email address on pds.example.com')
  expect(mail?.messageId).toMatch(/^<[0-9a-f-]{36}@pds\.example\.com>$/)
  expect(mail?.headers.get('auto-submitted')).toBe('auto-generated')
  expect(smtp.encrypted).toBe(smtp.mails.length)
})

test('an address is confirmed and changed, a password reset, an identity signed, an account deleted', async () => {
  const { agent, did, handle, email, password } = await makeMailed()
  const { server: methods, identity } = agent.com.atproto
  await methods.requestEmailConfirmation()
  await methods.confirmEmail({ email, token: await tokenTo(email, 'Confirm') })
  expect((await methods.getSession()).data.emailConfirmed).toBe(true)

  await methods.requestEmailUpdate()
  const other = `new-${email}`
  await methods.updateEmail({ email: other, token: await tokenTo(email, 'Change your email') })

  await identity.requestPlcOperationSignature()
  const { data } = await identity.signPlcOperation({
    token: await tokenTo(other, 'Change your identity'),
    alsoKnownAs: [`at://${handle}`],
  })
  expect(data.operation).toMatchObject({ alsoKnownAs: [`at://${handle}`] })

  const anybody = new AtpAgent({ service: server.origin })
  await anybody.com.atproto.server.requestPasswordReset({ email: other })
  const token = await tokenTo(other, 'Reset your password')
  await anybody.com.atproto.server.resetPassword({ token, password: 'a new password' })
  await expect(anybody.login({ identifier: handle, password })).rejects.toThrow()
  await anybody.login({ identifier: handle, password: 'a new password' })

  await anybody.com.atproto.server.requestAccountDelete()
  await anybody.com.atproto.server.deleteAccount({
    did,
    password: 'a new password',
    token: await tokenTo(other, 'Delete your account'),
  })
  await expect(anybody.com.atproto.sync.getRepoStatus({ did })).rejects.toThrow()
})

test('mails are in the language of the browser, remembered for those that come without one', async () => {
  const { agent, email } = await makeMailed()
  const { server: methods } = agent.com.atproto
  await methods.requestEmailConfirmation(undefined, {
    headers: { 'accept-language': 'ja,en;q=0.5' },
  })
  await tokenTo(email, 'pds.example.com：メールアドレスの確認')
  await methods.createAppPassword({ name: 'アプリ' })
  const notice = await mailAbout(email, 'pds.example.com：アプリパスワード')
  expect(notice.text).toContain('「アプリ」が作成されました')
  expect(notice.html).toContain('<html lang="ja">')
  // It tells of what somebody may have got in by: there is no turning it off.
  expect(headerOf(notice, 'list-unsubscribe')).toBeUndefined()
})

test('a sign-in by an app not seen before is told once, and that may be turned off by one click', async () => {
  const { email, handle, password, did } = await makeMailed()
  const signIn = (agent: string) =>
    fetch(`${server.origin}/xrpc/com.atproto.server.createSession`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': agent },
      body: JSON.stringify({ identifier: handle, password }),
    })
  await signIn('Other App/1.0')
  const notice = await mailAbout(email, 'A sign-in with a new app')
  expect(notice.text).toContain('“Other App/1.0”')
  const [, link = ''] = /<(.*)>/.exec(headerOf(notice, 'list-unsubscribe') ?? '') ?? []
  const url = new URL(link)
  expect(url.origin).toBe('https://pds.example.com')
  expect(headerOf(notice, 'list-unsubscribe-post')).toContain('List-Unsubscribe=One-Click')
  const done = await fetch(`${server.origin}${url.pathname}${url.search}`, {
    method: 'POST',
    body: new URLSearchParams({ 'List-Unsubscribe': 'One-Click' }),
  })
  expect(done.status).toBe(200)
  // Seen before, but for its version; and one that is new, of which nobody wants to know.
  await signIn('Other App/1.2')
  await signIn('Third App/1.0')
  const takedown = { $type: 'com.atproto.admin.defs#repoRef', did }
  await fetch(`${server.origin}/xrpc/com.atproto.admin.updateSubjectStatus`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: operatorOf(server) },
    body: JSON.stringify({ subject: takedown, takedown: { applied: true } }),
  })
  await mailAbout(email, 'Your account on pds.example.com was taken down')
  const told = smtp.mails.filter(
    (mail) => addressOf(mail) === email && mail.subject?.startsWith('A sign-in'),
  )
  expect(told).toHaveLength(1)
})

test('a mailbox that there is not is asked once', async () => {
  const { agent, email } = await makeMailed()
  smtp.unknown.add(email)
  await agent.com.atproto.server.requestEmailConfirmation()
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  smtp.unknown.delete(email)
  const another = await makeMailed()
  await another.agent.com.atproto.server.requestEmailConfirmation()
  await tokenTo(another.email, 'Confirm')
  expect(smtp.mails.filter((mail) => [mail.to].flat()[0]?.text === email)).toEqual([])
})

test('where the server is not there, or wants another password, the mail comes later, once', async () => {
  const { agent, email } = await makeMailed()
  const { port } = smtp
  await smtp.stop()
  await agent.com.atproto.server.requestEmailConfirmation()
  await new Promise((resolve) => setTimeout(resolve, 2_000))
  smtp = await startSmtp({ port })
  await vi.waitFor(() => expect(smtp.mails).toHaveLength(1), { interval: 200 })
  await tokenTo(email, 'Confirm')
  expect(smtp.mails).toHaveLength(1)
})

test('mails leave one way only, which exists', async () => {
  const wrong = (url: string, more = {}) =>
    startServer({ env: { ...hostOf(url), ...more } }).then(
      (started) => started.stop(),
      (error: Error) => error.message,
    )
  const api = { PDS_EMAIL_API_URL: 'resend://key' }
  expect(await wrong(urlOf(smtp), api)).toContain('mails leave one way only')
  expect(await wrong('https://example.com')).toContain('PDS_EMAIL_SMTP_URL: must be smtp://')
})

test('a test mail is sent from the command line, or it says why not', async () => {
  const send = (url: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'cumulus-'))
    const env = { PDS_HOSTNAME: 'pds.example.com', PDS_DATA_DIRECTORY: folder }
    return runCumulus(['mail', 'test', 'me@example.com'], {
      ...env,
      ...(url && { PDS_EMAIL_SMTP_URL: url }),
    })
  }
  const sent = await send(urlOf(smtp))
  expect(sent.output).toContain('the SMTP server has taken it over')
  expect(sent.code).toBe(0)
  expect(smtp.mails.at(-1)?.subject).toBe('A test of pds.example.com')
  const wrong = await send(urlOf(smtp, 'wrong'))
  expect(wrong.output).toMatch(/It was not sent: Invalid login: .*wrong password/)
  expect(wrong.code).toBe(1)
  expect((await send('')).output).toContain('Set PDS_EMAIL_API_URL or PDS_EMAIL_SMTP_URL')
})
