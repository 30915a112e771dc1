/** A host whose operator approves sign-ups, and one that wants addresses confirmed. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { Browser } from '../support/browser.ts'
import { runCumulus } from '../support/command.ts'
import { FirehoseReader } from '../support/firehose.ts'
import { mailTo, readMails } from '../support/mail.ts'
import { publicOrigin } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

const PASSWORD = 'correct horse battery'

const jwtScope = (token: string) =>
  (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { scope: string })
    .scope

async function signUp(server: TestServer, name: string, more: object = {}) {
  const agent = new AtpAgent({ service: server.origin })
  const handle = `${name}.test`
  const email = `${name}@example.com`
  const { data } = await agent.com.atproto.server.createAccount({
    handle,
    email,
    password: PASSWORD,
    ...more,
  })
  await agent.login({ identifier: handle, password: PASSWORD })
  return { agent, did: data.did, handle, email, data }
}

const note = { collection: 'com.example.note', record: { $type: 'com.example.note', text: 'hi' } }

describe('with PDS_REGISTRATION=approval', () => {
  let server: TestServer
  let plc: TestPlc

  beforeAll(async () => {
    plc = await startPlc()
    server = await startServer({
      env: {
        PDS_REGISTRATION: 'approval',
        PDS_DID_PLC_URL: plc.url,
        PDS_SIGNUP_QUEUE_MAX: '4',
      },
    })
  })

  afterAll(async () => {
    await server.stop()
    await plc.stop()
  })

  const command = (...args: string[]) =>
    runCumulus(['account', ...args], {
      PDS_DATA_DIRECTORY: server.dataDirectory,
      PDS_PORT: new URL(server.origin).port,
    })

  const listed = async () => {
    const { data } = await new AtpAgent({
      service: server.origin,
    }).com.atproto.sync.listRepos()
    return data.repos.map(({ did }) => did)
  }

  test('an account waits, unheard of, and is in once it is approved', async () => {
    const firehose = await new FirehoseReader(server.origin, 0).opened()
    const { agent, did, handle, email, data } = await signUp(server, 'waiting')
    expect(jwtScope(data.accessJwt)).toBe('com.atproto.signupQueued')
    const { temp, server: methods, repo } = agent.com.atproto
    expect((await temp.checkSignupQueue()).data).toEqual({ activated: false, placeInQueue: 1 })
    expect((await methods.getSession()).data).toMatchObject({ active: false })
    await expect(repo.createRecord({ repo: did, ...note })).rejects.toMatchObject({ status: 400 })
    await expect(repo.uploadBlob(new Uint8Array(3))).rejects.toMatchObject({ status: 400 })
    await expect(methods.activateAccount()).rejects.toMatchObject({ status: 400 })
    await expect(agent.updateHandle({ handle: 'other.test' })).rejects.toMatchObject({
      status: 400,
    })
    expect(plc.requests.filter((line) => line.startsWith('POST'))).toEqual([])
    expect(await listed()).not.toContain(did)

    expect((await command('queue')).output).toMatch(
      new RegExp(`^\\S+  ${handle}  ${email}  ${did}$`, 'm'),
    )
    expect((await command('approve', handle)).output).toContain(`${handle} (${did}) is approved`)
    expect(plc.requests.filter((line) => line.startsWith('POST'))).toEqual([`POST /${did}`])
    await firehose.until(() => firehose.events.filter(({ body }) => body.did === did).length >= 3)
    const own = firehose.events.filter(({ body }) => body.did === did)
    expect(own.map(({ type }) => type)).toEqual(['#account', '#identity', '#sync'])
    expect(await listed()).toContain(did)

    // The old token says that it is over, and the next one is good for all.
    expect((await temp.checkSignupQueue()).data).toEqual({ activated: true })
    await agent.sessionManager.refreshSession()
    expect(jwtScope(agent.session?.accessJwt ?? '')).toBe('com.atproto.access')
    await repo.createRecord({ repo: did, ...note })
    await vi.waitFor(async () =>
      expect(await readMails(server.origin)).toContainEqual(
        expect.objectContaining({ to: email, subject: 'Your account on localhost was approved' }),
      ),
    )
    expect((await command('approve', handle)).output).toContain('does not wait for approval')
  })

  test('one that is refused is told why, and leaves nothing: its names are free at once', async () => {
    const { did, handle, email } = await signUp(server, 'refused')
    const refused = await command('refuse', handle, '--reason', 'We are a club of beekeepers.')
    expect(refused.output).toContain('is refused')
    await vi.waitFor(async () => {
      const mails = (await readMails(server.origin)).filter(({ to }) => to === email)
      expect(mails.map(({ subject }) => subject)).toEqual([
        'Your sign-up on localhost waits for approval',
        'Your sign-up on localhost was not approved',
      ])
      expect(mails[1]?.text).toContain('We are a club of beekeepers.')
    })
    const agent = new AtpAgent({ service: server.origin })
    await expect(agent.login({ identifier: handle, password: PASSWORD })).rejects.toMatchObject({
      status: 401,
    })
    expect(plc.requests.filter((line) => line === `POST /${did}`)).toEqual([])
    const again = await signUp(server, 'refused')
    expect(again.did).not.toBe(did)
    await command('refuse', again.handle)
  })

  test('who waits may confirm, change and give back what is theirs', async () => {
    const { agent, did, email, handle } = await signUp(server, 'leaves')
    const { server: methods } = agent.com.atproto
    await methods.requestEmailConfirmation()
    const confirm = await mailTo(server.origin, email, /^Confirm/)
    await methods.confirmEmail({ email, token: confirm.token })
    await methods.requestAccountDelete()
    const { token } = await mailTo(server.origin, email, /^Delete/)
    await methods.deleteAccount({ did, password: PASSWORD, token })
    expect((await command('queue')).output).not.toContain(handle)
  })

  test('an invite code spares the wait, and so does the operator', async () => {
    const authorization = operatorOf(server)
    const admin = new AtpAgent({ service: server.origin })
    const { data } = await admin.com.atproto.server.createInviteCode(
      { useCount: 1 },
      { headers: { authorization } },
    )
    const invited = await signUp(server, 'invited', { inviteCode: data.code })
    expect(jwtScope(invited.data.accessJwt)).toBe('com.atproto.access')
    const wrong = { inviteCode: 'localhost-aaaaa-aaaaa' }
    await expect(signUp(server, 'wrong', wrong)).rejects.toMatchObject({
      error: 'InvalidInviteCode',
    })
  })

  test('an invitation that a browser has opened counts on the sign-up page, while its code is good', async () => {
    const admin = new AtpAgent({ service: server.origin })
    const { data } = await admin.com.atproto.server.createInviteCode(
      { useCount: 1 },
      { headers: { authorization: operatorOf(server) } },
    )
    const signUpHere = async (name: string) => {
      const browser = new Browser(publicOrigin(server.origin))
      expect((await browser.open(`/settings/join?code=${data.code}`)).status).toBe(200)
      await browser.open('/account/sign-up')
      const handle = `${name}.test`
      const input = { locale: 'en', handle, email: `${handle}@example.com`, password: PASSWORD }
      expect((await browser.api('POST', '/sign-up', input)).status).toBe(200)
      return handle
    }
    const invited = await signUpHere('link')
    expect((await command('queue')).output).not.toContain(invited)
    const late = await signUpHere('late-link')
    expect((await command('queue')).output).toContain(late)
    await command('refuse', late)
  })

  test('so many wait and no more', async () => {
    const { total } = JSON.parse((await command('queue', '--json')).output) as { total: number }
    for (let n = total; n < 4; n++) await signUp(server, `queue${n}`)
    await expect(signUp(server, 'overfull')).rejects.toMatchObject({
      status: 429,
      error: 'SignUpQueueFull',
    })
  })
})

describe('with PDS_EMAIL_CONFIRM_REQUIRED', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await startServer({
      env: { PDS_REGISTRATION: 'open', PDS_EMAIL_CONFIRM_REQUIRED: 'true' },
    })
  })

  afterAll(() => server.stop())

  const refused = { status: 403, error: 'EmailNotConfirmed' }

  test('nothing leaves the host before the address is confirmed', async () => {
    const { agent, did, handle, email } = await signUp(server, 'unconfirmed', {
      did: 'did:web:unconfirmed.test',
    })
    const { repo, server: methods } = agent.com.atproto
    const write = () => repo.createRecord({ repo: did, ...note })
    await expect(write()).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('Confirm your email address first'),
    })
    await expect(repo.uploadBlob(new Uint8Array(3))).rejects.toMatchObject(refused)
    await expect(agent.updateHandle({ handle: 'another.test' })).rejects.toMatchObject(refused)
    const aud = 'did:web:elsewhere.test'
    await expect(methods.getServiceAuth({ aud })).rejects.toMatchObject(refused)
    await methods.getServiceAuth({ aud, lxm: 'com.atproto.server.createAccount' })
    const { data } = await agent.com.atproto.sync.getRepo({ did })
    await expect(
      repo.importRepo(data, { encoding: 'application/vnd.ipld.car' }),
    ).rejects.toMatchObject(refused)
    await agent.app.bsky.actor.getPreferences()
    // The code was mailed with the sign-up.
    const { token } = await mailTo(server.origin, email, /^Confirm/)
    await methods.confirmEmail({ email, token })
    await write()
    await agent.updateHandle({ handle: 'another.test' })
    // Another address is one that is not confirmed.
    await methods.requestEmailUpdate()
    const update = await mailTo(server.origin, email, /^Change/)
    await methods.updateEmail({ email: `new.${handle}@example.com`, token: update.token })
    await expect(write()).rejects.toMatchObject(refused)
  })
})
