/** `cumulus identity`, `account`, `app-password` and `invite`, beside a real host. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts } from '../support/accounts.ts'
import { runCumulus } from '../support/command.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 60_000 })

let plc: TestPlc
let server: TestServer
let account: MadeAccount
const folder = mkdtempSync(join(tmpdir(), 'cumulus-commands-'))

beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url } })
  const [made] = await makeAccounts(server, 1, 'did:plc')
  if (!made) throw new Error('no account')
  account = made
})
afterAll(async () => {
  await server?.stop()
  await plc?.stop()
})

const cumulus = (...args: string[]) =>
  runCumulus(args, {
    PDS_PORT: new URL(server.origin).port,
    PDS_DATA_DIRECTORY: server.dataDirectory,
  })

async function json<T>(...args: string[]): Promise<T> {
  const { code, output } = await cumulus(...args, '--json')
  expect(code, output).toBe(0)
  return JSON.parse(output) as T
}

async function text(...args: string[]): Promise<string> {
  const { code, output } = await cumulus(...args)
  expect(code, output).toBe(0)
  return output
}

const rotationKeys = async (): Promise<string[]> => {
  const response = await fetch(`${plc.url}/${account.did}/data`)
  return ((await response.json()) as { rotationKeys: string[] }).rotationKeys
}

test('an identity is shown with what does not fit, gets a recovery key, and is changed with it', async () => {
  const before = await json<{ differences: string[]; ownKeys: string[] }>(
    'identity',
    'show',
    account.handle,
  )
  expect(before.differences).toEqual([
    expect.stringContaining('No key stands above that of this host'),
  ])
  const recovery = await Secp256k1Keypair.create({ exportable: true })
  await text('identity', 'recovery-key', 'add', account.handle, recovery.did())
  expect(await rotationKeys()).toEqual([recovery.did(), ...before.ownKeys])
  expect(await text('identity', 'show', account.handle)).toContain('Everything fits.')
  const listed = await text('identity', 'recovery-key', 'list', account.did)
  expect(listed).toContain(`1. ${recovery.did()}  not this host`)
  expect(listed).toContain(`2. ${before.ownKeys[0]}  this host`)

  const change = join(folder, 'change.json')
  const key = join(folder, 'recovery.key')
  const alias = `https://${account.handle}`
  writeFileSync(change, JSON.stringify({ alsoKnownAs: [`at://${account.handle}`, alias] }))
  writeFileSync(key, Buffer.from(await recovery.export()).toString('hex'))
  const signed = await json<{ operation: { sig: string }; submitted: boolean }>(
    'identity',
    'sign',
    account.handle,
    change,
  )
  expect(signed).toMatchObject({
    operation: { alsoKnownAs: [`at://${account.handle}`, alias] },
    submitted: false,
  })
  const done = await cumulus('identity', 'sign', account.handle, change, '--key', key, '--submit')
  expect(done.code, done.output).toBe(0)
  expect(done.output).not.toContain(Buffer.from(await recovery.export()).toString('hex'))
  const data = (await (await fetch(`${plc.url}/${account.did}/data`)).json()) as {
    alsoKnownAs: string[]
  }
  expect(data.alsoKnownAs).toContain(alias)

  writeFileSync(change, JSON.stringify({ rotationKeys: [recovery.did()] }))
  const refused = await cumulus('identity', 'sign', account.handle, change, '--submit')
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.output).toContain('do not include server')
  writeFileSync(key, '11'.repeat(32))
  const stranger = await cumulus('identity', 'sign', account.handle, change, '--key', key)
  expect(stranger.output).toContain('is none of the rotation keys')
  writeFileSync(change, '{"prev": null}')
  expect((await cumulus('identity', 'sign', account.handle, change)).output).toContain('no "prev"')

  expect(await text('identity', 'handle', account.handle, 'renamed.test')).toContain(
    'is @renamed.test now',
  )
  account = { ...account, handle: 'renamed.test' }
  const log = await text('identity', 'log', account.handle)
  expect(log).toMatch(/The identity began as @user\d+\.test/)
  expect(log).toContain(`The rotation key ${recovery.did()} was added.`)
  expect(log).toContain('to @renamed.test.')
})

test('accounts are listed page by page, and found by what their names begin with', async () => {
  const others = await makeAccounts(server, 5)
  const all: string[] = []
  let cursor: string | undefined
  do {
    const page = await json<{ accounts: { handle: string }[]; cursor?: string }>(
      'account',
      'list',
      '--limit',
      '2',
      ...(cursor ? ['--cursor', cursor] : []),
    )
    expect(page.accounts.length).toBeLessThanOrEqual(2)
    all.push(...page.accounts.map(({ handle }) => handle))
    cursor = page.cursor
  } while (cursor)
  expect(all).toEqual(expect.arrayContaining(others.map(({ handle }) => handle)))
  expect(new Set(all).size).toBe(all.length)
  const found = await json<{ accounts: { handle: string }[] }>('account', 'list', 'renam', '--all')
  expect(found.accounts).toEqual([expect.objectContaining({ handle: 'renamed.test' })])
  const wrong = await cumulus('account', 'list', '--filter', 'nice')
  expect(wrong).toMatchObject({ code: 1 })
  expect(wrong.output).toContain('filter must be one of')
})

test('an account is taken down, restored, deactivated and activated, and gets a new password', async () => {
  const { handle } = account
  const unasked = await cumulus('account', 'takedown', handle, '--reason', 'spam')
  expect(unasked).toMatchObject({ code: 2 })
  expect(unasked.output).toContain('--yes')
  await text('account', 'takedown', handle, '--reason', 'spam', '--yes')
  expect(await text('account', 'show', handle)).toContain('taken down: spam')
  expect(await text('account', 'list', '--filter', 'takendown')).toContain(handle)
  await text('account', 'restore', handle)
  await text('account', 'deactivate', handle, '--yes')
  expect(await text('account', 'show', handle)).toContain('deactivated since')
  await text('account', 'activate', handle)
  expect(await json('account', 'show', handle)).toMatchObject({ status: 'active', takedown: null })
  const { password } = await json<{ password: string }>('account', 'password', handle)
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: handle, password })
})

test('app passwords are made, listed and taken back', async () => {
  const { handle } = account
  const { password } = await json<{ password: string }>(
    'app-password',
    'create',
    handle,
    '--name',
    'phone',
  )
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: handle, password })
  const listed = await text('app-password', 'list', handle)
  expect(listed).toContain('phone')
  expect(listed).not.toContain(password)
  await text('app-password', 'revoke', handle, '--name', 'phone')
  await expect(agent.login({ identifier: handle, password })).rejects.toMatchObject({ status: 401 })
  expect((await cumulus('app-password', 'revoke', handle, '--name', 'phone')).code).toBe(1)
})

test('invite codes are made, listed and disabled', async () => {
  const codes = (await text('invite', 'create', '--count', '2', '--uses', '3')).trim().split('\n')
  expect(codes).toHaveLength(2)
  await text('invite', 'disable', ...codes)
  const own = (await text('invite', 'create', '--for', account.handle)).trim()
  const listed = await text('invite', 'list')
  for (const code of codes) expect(listed).toContain(`${code}  0 of 3 used, disabled`)
  expect(listed).toContain(`${own}  0 of 1 used  ${account.did}`)
  await text('invite', 'disable', '--account', account.handle)
  expect(await text('invite', 'list')).toContain(`${own}  0 of 1 used, disabled`)
})
