/** `npm start` on this machine without a single setting, and the official clients against it. */
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Agent, AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startBrowserApp } from '../support/browser-app.ts'
import { chromiumPath, startChromium } from '../support/chromium.ts'
import { runCommand } from '../support/command.ts'
import { consent, makeApp, type User } from '../support/oauth.ts'
import { PROJECT } from '../support/project.ts'
import { startServer, type TestServer } from '../support/server.ts'

const SCOPE = 'atproto transition:generic'

let server: TestServer
/** As it is printed. */
let pds: string
let plc: string
let alice: User

const printed = (pattern: RegExp): string => pattern.exec(server.output)?.[1] ?? ''

beforeAll(async () => {
  server = await startServer({ unset: true })
  pds = printed(/open +(\S+)/)
  plc = printed(/plc +(\S+)/)
  const [, identifier = '', did = ''] = /account +(\S+) \((\S+)\)/.exec(server.output) ?? []
  // Whoever reads a log does not get the password with it.
  const file = printed(/password +in (\S+),/)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const password = readFileSync(file, 'utf8').trim()
  expect(server.output).not.toContain(password)
  alice = { identifier, did, password }
})
afterAll(() => server.stop())

/** Makes an account with the command. */
async function makeBob(): Promise<User> {
  const { code, output } = await runCommand(
    join(PROJECT, 'cli/cumulus.ts'),
    ['account', 'create', 'bob.test', '--json'],
    { PDS_PORT: new URL(server.origin).port, PDS_DATA_DIRECTORY: server.dataDirectory },
  )
  expect(code).toBe(0)
  const { handle, did, password } = JSON.parse(output)
  return { identifier: handle, did, password }
}

/** Signs in as somebody who types a handle into an app. */
async function signInToApp(user: User): Promise<Agent> {
  const { client } = makeApp(plc, SCOPE, undefined, pds)
  const answer = await consent(await client.authorize(user.identifier, { scope: SCOPE }), user)
  const { session } = await client.callback(answer.searchParams)
  return new Agent(session)
}

async function post(agent: Agent, did: string): Promise<void> {
  const record = { text: 'hello', createdAt: new Date().toISOString() }
  const { uri } = await agent.post(record)
  expect(uri).toContain(`at://${did}/app.bsky.feed.post/`)
}

test('the first account has a did:plc of a directory on this machine', async () => {
  expect(alice.identifier).toBe('alice.test')
  expect(alice.did).toMatch(/^did:plc:[a-z2-7]{24}$/)
  const document = await (await fetch(`${plc}/${alice.did}`)).json()
  expect(document).toMatchObject({
    id: alice.did,
    alsoKnownAs: ['at://alice.test'],
    service: [{ id: '#atproto_pds', serviceEndpoint: pds }],
  })
})

test('its owner signs in and posts with the API client', async () => {
  const agent = new AtpAgent({ service: pds })
  await agent.login({ identifier: 'alice.test', password: alice.password })
  expect(agent.dispatchUrl.origin).toBe(pds)
  await post(agent, alice.did)
  expect((await agent.resolveHandle({ handle: 'alice.test' })).data.did).toBe(alice.did)
})

test('and by handle with the OAuth client', async () => {
  await post(await signInToApp(alice), alice.did)
})

test('one command makes a second account, which does the same, also after a restart', async () => {
  const bob = await makeBob()
  expect(bob.did).toMatch(/^did:plc:/)
  await post(await signInToApp(bob), bob.did)
  await server.stop()
  server = await startServer({
    unset: true,
    dataDirectory: server.dataDirectory,
    port: Number(new URL(server.origin).port),
  })
  plc = printed(/plc +(\S+)/)
  await post(await signInToApp(bob), bob.did)
  const agent = new AtpAgent({ service: pds })
  await agent.login({ identifier: bob.identifier, password: bob.password })
  await agent.com.atproto.identity.updateHandle({ handle: 'bobby.test' })
  const document = await (await fetch(`${plc}/${bob.did}`)).json()
  expect(document).toMatchObject({ alsoKnownAs: ['at://bobby.test'] })
})

test('where the PLC directory that was set does not answer, it is said what helps', async () => {
  const starting = startServer({ unset: true, env: { PDS_DID_PLC_URL: 'http://127.0.0.1:9' } })
  await expect(starting).rejects.toThrow(
    /The first account, alice\.test, cannot be made: PLC directory: .* PDS_FIRST_DID_METHOD=web/,
  )
})

describe.runIf(chromiumPath() !== undefined)('an app in the browser', () => {
  test('lets somebody in by handle, and writes', async () => {
    const app = await startBrowserApp('alice.test', plc, pds)
    const browser = await startChromium()
    const page = await browser.newPage()
    await page.goto(app.origin)
    await page.getByText('signed out').waitFor()
    await page.getByText('Sign in').click()
    await page.locator('input[type="password"]').fill(alice.password)
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: /authorize|allow|accept/i }).click()
    await page.getByText(`signed in as ${alice.did}`).waitFor()
    await page.getByText('Write').click()
    await page.getByText(/^200 .*com\.example\.note/).waitFor()
    await browser.close()
    await app.stop()
  })
})
