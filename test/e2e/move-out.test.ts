/** `cumulus move-out`: an account leaves this host with any tool, and is switched off once all of it has arrived. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SettingsSession } from '../support/browser-session.ts'
import { runCumulus } from '../support/command.ts'
import { fillAccount, NEW_PASSWORD, OLD_PASSWORD } from '../support/migrate.ts'
import { moveAccount, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { PROJECT } from '../support/project.ts'
import { startServer, type TestServer } from '../support/server.ts'

// Each run of the program is a process of its own; a slow machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let plc: TestPlc
let old: TestServer
let there: TestServer

beforeAll(async () => {
  plc = await startPlc()
  old = await startNamedHost(plc, 'old')
  there = await startNamedHost(plc, 'there')
})
afterAll(async () => {
  await old.stop()
  await there.stop()
  await plc.stop()
})

const settings = () => ({
  PDS_PORT: new URL(old.origin).port,
  PDS_DATA_DIRECTORY: old.dataDirectory,
  PDS_DID_PLC_URL: plc.url,
  PDS_DEV_MODE: 'true',
})

const isOff = async (did: string): Promise<boolean> => {
  const answer = await fetch(`${old.origin}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
  return ((await answer.json()) as { status?: string }).status === 'deactivated'
}

test('it gives the code, waits until the account lives elsewhere, compares, and switches it off', async () => {
  const from = await fillAccount(old.origin, 'leaver.old.test', { records: 30, blobs: 3 })
  const did = from.assertDid
  const leaving = spawn(
    process.execPath,
    [join(PROJECT, 'cli/cumulus.ts'), 'move-out', 'leaver.old.test', '--json'],
    { env: { PATH: process.env.PATH, ...settings() } },
  )
  let said = ''
  const code = new Promise<string>((resolve) => {
    leaving.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      const [, found] = /--plc-code (\S+)/.exec(said) ?? []
      if (found && said.includes('Ctrl-C')) resolve(found)
    })
  })
  let printed = ''
  leaving.stdout.on('data', (chunk: Buffer) => {
    printed += chunk.toString()
  })
  const ended = new Promise((resolve) => leaving.once('close', resolve))
  const to = await moveAccount({
    from,
    to: there.origin,
    handle: 'leaver.there.test',
    email: 'leaver@example.com',
    password: NEW_PASSWORD,
    mailedToken: () => code,
    stays: true,
  })
  expect(await ended, said).toBe(0)
  expect(JSON.parse(printed)).toMatchObject({
    did,
    to: there.origin.replace('127.0.0.1', 'localhost'),
    records: 30,
    blobs: 3,
    missingRecords: [],
    missingBlobs: [],
  })
  expect(await isOff(did)).toBe(true)

  // What is not there any more is named, so that nobody deletes the last copy.
  const { data } = await to.com.atproto.repo.listRecords({
    repo: did,
    collection: 'com.example.file',
  })
  const path = data.records[0]?.uri.split('/').slice(3).join('/') ?? ''
  await to.com.atproto.repo.deleteRecord({
    repo: did,
    collection: 'com.example.file',
    rkey: path.split('/')[1] ?? '',
  })
  const look = ['move-out', did, '--no-code', '--wait', '0']
  const short = await runCumulus(look, settings())
  expect(short).toMatchObject({
    code: 1,
    output: expect.stringContaining('1 record and 1 blob that are here are not at'),
  })
  expect(short.output).toContain(path)
  expect((await runCumulus([...look, '--allow-missing'], settings())).code).toBe(0)
})

test('an account that lives here still is left as it is', async () => {
  const agent = await fillAccount(old.origin, 'stayer.old.test', { records: 2, blobs: 1 })
  const args = ['move-out', 'stayer.old.test', '--no-code', '--wait', '0']
  const { code, output } = await runCumulus(args, settings())
  expect(code).toBe(1)
  expect(output).toContain('still lives here')
  expect(await isOff(agent.assertDid)).toBe(false)
})

test('somebody elsewhere is told the public name, which need not be reachable from the host itself', async () => {
  const handle = 'somebody.pds.away.test'
  const away = await startServer({
    env: {
      PDS_HOSTNAME: 'pds.away.test',
      PDS_DID_PLC_URL: plc.url,
      PDS_CRAWLERS: 'none',
      PDS_FIRST_HANDLE: handle,
      PDS_FIRST_DID_METHOD: 'plc',
    },
  })
  try {
    const { code, output } = await runCumulus(['move-out', handle, '--wait', '0'], {
      ...settings(),
      PDS_PORT: new URL(away.origin).port,
      PDS_DATA_DIRECTORY: away.dataDirectory,
    })
    expect(output).toContain(`cumulus migrate ${handle} --from https://pds.away.test --plc-code`)
    expect(output).toContain('still lives here')
    expect(code).toBe(1)
  } finally {
    await away.stop()
  }
})

test('a code alone is given by migrate-token', async () => {
  await fillAccount(old.origin, 'asker.old.test', { records: 2, blobs: 1 })
  const { code, output } = await runCumulus(['migrate-token', 'asker.old.test'], settings())
  expect(code, output).toBe(0)
  expect(output).toMatch(/^ {2}[A-Z2-7]{5}-[A-Z2-7]{5}$/m)
})

test('whoever gets mail is shown no code on the page: a password alone does not take an identity away', async () => {
  await fillAccount(old.origin, 'reader.old.test', { records: 2, blobs: 1 })
  const session = await SettingsSession.open(old.origin, 'reader.old.test', OLD_PASSWORD)
  const refused = await session.post('/settings/move/code', {})
  expect(refused.status).toBe(400)
  expect(await refused.text()).toContain('The code is mailed to you when the new host asks for it')
})
