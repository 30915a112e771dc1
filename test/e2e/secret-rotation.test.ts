/** Secrets take the place of others: nobody is signed out, nothing is lost, wherever the host or the command is killed. */
import { spawn } from 'node:child_process'
import { createDecipheriv, hkdfSync } from 'node:crypto'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { type MadeAccount, makeAccounts, operatorOf } from '../support/accounts.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { runCumulus } from '../support/command.ts'
import { consent, makeApp, publicOrigin } from '../support/oauth.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

const PROJECT = join(import.meta.dirname, '../..')

const LONG = process.env.CUMULUS_LONG === '1'
const ACCOUNTS = LONG ? 60 : 6
const KILLS = LONG ? 5 : 2
/** Changes of the key secret, one after the other. */
const ROUNDS = LONG ? 10 : 1

vi.setConfig({ testTimeout: LONG ? 900_000 : 120_000, hookTimeout: 120_000 })

const NAMES = {
  jwt: 'PDS_JWT_SECRET',
  key: 'PDS_KEY_SECRET',
  plc: 'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
} as const

let plc: TestPlc
let server: TestServer
let port: number

const start = (dataDirectory?: string) =>
  startServer({
    ...(dataDirectory && { dataDirectory }),
    port,
    env: { PDS_DID_PLC_URL: plc.url, PDS_REGISTRATION: 'open', PDS_FIRST_DID_METHOD: 'plc' },
  })

beforeAll(async () => {
  plc = await startPlc()
  port = await freePort()
  server = await start()
})
afterAll(async () => {
  await server?.stop()
  await plc?.stop()
})

async function restart(signal: NodeJS.Signals = 'SIGTERM') {
  await server.stop(signal)
  server = await start(server.dataDirectory)
}

/** A run of the command that is going to be killed. */
const spawnRotation = () =>
  spawn(process.execPath, [join(PROJECT, 'cli/cumulus.ts'), 'secret', 'rotate', 'key'], {
    env: {
      PATH: process.env.PATH,
      PDS_PORT: String(port),
      PDS_DATA_DIRECTORY: server.dataDirectory,
    },
    stdio: 'ignore',
  })

const secrets = (): Record<string, string> =>
  JSON.parse(readFileSync(join(server.dataDirectory, 'secrets.json'), 'utf8'))

const cumulus = (...args: string[]) =>
  runCumulus(args, { PDS_PORT: String(port), PDS_DATA_DIRECTORY: server.dataDirectory })

async function rotate(name: string, ...args: string[]) {
  const ran = await cumulus('secret', 'rotate', name, '--json', ...args)
  const json = ran.output.split('\n').find((line) => line.startsWith('{'))
  if (!json) throw new Error(ran.output)
  return { ...ran, answer: JSON.parse(json) as { state: string; message: string } }
}

const rotationKeys = async (did: string): Promise<string[]> => {
  const data = (await (await fetch(`${plc.url}/${did}/data`)).json()) as { rotationKeys: string[] }
  return data.rotationKeys
}

/** Everything that depends on a secret, as people have it. */
async function people() {
  const accounts = await makeAccounts(server, ACCOUNTS, 'did:plc')
  const [first, second, third] = accounts as [MadeAccount, MadeAccount, MadeAccount]
  const password = (account: MadeAccount) => `password of ${account.handle}`
  const settings = await SettingsSession.open(server.origin, first.handle, password(first))
  const { secret, recovery } = await settings.setUpTotp()
  const agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: second.handle, password: password(second) })
  const { client } = makeApp(plc.url, 'atproto transition:generic')
  const url = await client.authorize(publicOrigin(server.origin), {
    scope: 'atproto transition:generic',
  })
  const user = { did: third.did, identifier: third.handle, password: password(third) }
  const answer = await consent(url, user)
  const { session } = await client.callback(answer.searchParams)
  const code = async () => {
    const { token } = JSON.parse(
      (await cumulus('account', 'reset-link', second.handle, '--json')).output,
    ) as { token: string }
    return token
  }
  const ownKey = (await Secp256k1Keypair.create()).did()
  // A key of its owner above that of the host.
  await agent.com.atproto.identity.resolveHandle({ handle: second.handle })
  return {
    accounts,
    first,
    second,
    totp: new TOTP({ secret: Secret.fromBase32(secret) }),
    recovery,
    agent,
    session,
    client,
    user,
    code,
    password,
    ownKey,
  }
}

async function write(did: string, token: string): Promise<number> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.createRecord`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ repo: did, collection: 'com.example.note', record: { text: 'hello' } }),
  })
  return response.status
}

/** What sealed things are for, wherever they are. */
const PURPOSES = [
  'signing key',
  'authenticator app',
  'recovery code keys',
  'queued mail',
  'reserved signing key',
]

/** Bytes in any column of any database that can be read with a secret. */
function readableWith(secret: string): string[] {
  const keys = PURPOSES.map((purpose) => Buffer.from(hkdfSync('sha256', secret, '', purpose, 32)))
  const opens = (sealed: Uint8Array) =>
    keys.some((key) => {
      const cipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, 12))
      cipher.setAuthTag(sealed.subarray(-16))
      try {
        cipher.update(sealed.subarray(12, -16))
        cipher.final()
        return true
      } catch {
        return false
      }
    })
  const found: string[] = []
  const files = globSync(join(server.dataDirectory, 'objects/*/*.sqlite'))
  for (const file of files.filter((path) => statSync(path).size > 0)) {
    const db = new DatabaseSync(file)
    const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all()
    for (const { name } of tables as { name: string }[]) {
      const rows = db.prepare(`SELECT * FROM "${name}"`)
      rows.setReadBigInts(true)
      for (const row of rows.all()) {
        for (const [column, value] of Object.entries(row)) {
          const isSealed =
            value instanceof Uint8Array && value.length >= 28 && value.length < 10_000
          if (isSealed && opens(value)) found.push(`${name}.${column}`)
        }
      }
    }
    db.close()
  }
  return found
}

test('jwt, key and plc are replaced at once, with the host killed in between, and everything goes on', async () => {
  const before = secrets()
  const they = await people()
  const { agent, accounts, first, second, session } = they
  const [host] = (await rotationKeys(second.did)).slice(-1)
  const resetCode = await they.code()
  const reserved = await fetch(`${server.origin}/xrpc/com.atproto.server.reserveSigningKey`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: operatorOf(server) },
    body: JSON.stringify({ did: 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa' }),
  })
  expect(reserved.status).toBe(200)

  for (const name of ['jwt', 'key', 'plc']) {
    expect(await rotate(name)).toMatchObject({ code: 0, answer: { state: 'restart' } })
    const { output } = await cumulus('secret', 'status')
    expect(output).toMatch(new RegExp(`^${name} .*; a new one is there: restart the host$`, 'm'))
  }
  // Both are there, whatever happens now.
  for (const name of Object.values(NAMES)) expect(secrets()[name]).toBe(before[name])
  const { reached, release } = plc.hold()
  await restart()
  await reached
  release()
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(Math.random() * 400)
    await restart('SIGKILL')
  }

  // Sessions of before go on while both are accepted.
  expect(await write(second.did, second.accessJwt)).toBe(200)
  const oldRefresh = agent.session?.refreshJwt
  await agent.sessionManager.refreshSession()
  expect(agent.session?.refreshJwt).not.toBe(oldRefresh)
  await new Agent(session).com.atproto.server.getSession()

  expect(await rotate('key')).toMatchObject({ code: 0, answer: { state: 'done' } })
  expect(await rotate('plc')).toMatchObject({ code: 0, answer: { state: 'done' } })
  expect(await rotate('jwt')).toMatchObject({ code: 0, answer: { state: 'waiting' } })
  const after = secrets()
  expect(after.PDS_KEY_SECRET).not.toBe(before.PDS_KEY_SECRET)
  expect(after).not.toHaveProperty('PDS_NEXT_KEY_SECRET')
  expect(after).not.toHaveProperty('PDS_NEXT_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX')
  expect(after.PDS_JWT_SECRET).toBe(before.PDS_JWT_SECRET)
  await restart()

  for (const { did, accessJwt } of accounts) {
    expect(await write(did, accessJwt)).toBe(200)
    const keys = await rotationKeys(did)
    expect(keys).not.toContain(host)
  }
  const reset = await fetch(`${server.origin}/xrpc/com.atproto.server.resetPassword`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: resetCode, password: 'quite another password' }),
  })
  expect(reset.status).toBe(200)
  const signIn = (authFactorToken: string) =>
    new AtpAgent({ service: server.origin }).login({
      identifier: first.handle,
      password: they.password(first),
      authFactorToken,
    })
  await signIn(they.totp.generate({ timestamp: Date.now() + 30_000 }))
  await signIn(they.recovery[0] ?? '')
  await new Agent(session).com.atproto.server.getSession()
  await agent.login({ identifier: second.handle, password: 'quite another password' })
  await agent.com.atproto.identity.updateHandle({ handle: `renamed-${Date.now() % 1000}.test` })

  expect(await rotate('jwt', '--finish')).toMatchObject({ code: 0, answer: { state: 'done' } })
  await restart()
  expect(await write(first.did, first.accessJwt)).toBe(400)
  await server.stop()
  expect(readableWith(secrets().PDS_KEY_SECRET ?? '').length).toBeGreaterThan(accounts.length)
  expect(readableWith(before.PDS_KEY_SECRET ?? '')).toEqual([])
  server = await start(server.dataDirectory)
})

test.runIf(LONG)(
  'the key secret is replaced again and again, with kills of host and command',
  async () => {
    const they = await people()
    const { accounts, first } = they
    for (let round = 0; round < ROUNDS; round++) {
      const before = secrets().PDS_KEY_SECRET ?? ''
      await rotate('key')
      await restart()
      let kills = 0
      while (kills++ < KILLS) {
        const command = spawnRotation()
        await sleep(Math.random() * 300)
        command.kill('SIGKILL')
        await restart('SIGKILL')
      }
      // A command that was killed may have ended it, and the next begins another.
      while ((await rotate('key')).answer.state !== 'done') await restart()
      expect(secrets()).not.toHaveProperty('PDS_NEXT_KEY_SECRET')
      await restart()
      for (const { did, accessJwt } of accounts) expect(await write(did, accessJwt)).toBe(200)
      await new AtpAgent({ service: server.origin }).login({
        identifier: first.handle,
        password: they.password(first),
        authFactorToken: they.recovery[round] ?? '',
      })
      await server.stop()
      expect(readableWith(before)).toEqual([])
      server = await start(server.dataDirectory)
    }
  },
)

test('whatever is encrypted or marked with the key secret is known to the change of it', () => {
  const files = globSync('src/**/*.ts', { cwd: PROJECT })
    .filter((file) => !file.includes('.test.') && !file.includes('testing/'))
    .filter((file) => /\bkeySecrets?\b/.test(readFileSync(join(PROJECT, file), 'utf8')))
  // A file more here seals something more: `rewrapAccount` or `rewrapDirectory` has to know of it, and PURPOSES above.
  expect(files.sort()).toEqual([
    'src/durable/account/keys.ts',
    'src/durable/account/restore.ts',
    'src/durable/account/rewrap.ts',
    'src/durable/account/totp.ts',
    'src/durable/directory.ts',
    'src/durable/directory/rotation-work.ts',
    'src/kernel/config/secret-settings.ts',
    'src/kernel/crypto/key-fingerprint.ts',
    'src/services/accounts/change-signing-key.ts',
    'src/services/accounts/create.ts',
    'src/services/accounts/reserve-signing-key.ts',
    // Its fingerprint alone.
    'src/services/backup/own-host.ts',
    'src/services/backup/schedule.ts',
    'src/services/factors/recovery-code-keys.ts',
    'src/services/objects/secrets.ts',
    'src/web/operator/backup.ts',
    'src/web/operator/restore.ts',
    'src/web/operator/secrets.ts',
  ])
})
