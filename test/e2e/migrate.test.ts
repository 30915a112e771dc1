/** `cumulus migrate` moves accounts between real hosts, whatever ends it on the way. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { passwordOf } from '../support/accounts.ts'
import { runCumulus } from '../support/command.ts'
import { lies, startLyingHost } from '../support/lying-host.ts'
import { mailTo } from '../support/mail.ts'
import {
  fillAccount,
  makeFolder,
  NEW_PASSWORD,
  OLD_PASSWORD,
  startMigration,
} from '../support/migrate.ts'
import { contentsOf, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { startReference, type TestReference } from '../support/reference.ts'
import type { TestServer } from '../support/server.ts'
import { moveThroughTrouble, type Ordeal } from '../support/troubled-move.ts'

// Each run of the program is a process of its own; a slow machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const RECOVERY = SigningKey.generate('p256')
const LONG = process.env.CUMULUS_LONG !== undefined

let plc: TestPlc
let old: TestServer
let here: TestServer

beforeAll(async () => {
  plc = await startPlc()
  // Photos say where they were taken; the new host takes that out of what is uploaded there.
  old = await startNamedHost(plc, 'old', { PDS_IMAGE_LOCATION: 'allow' })
  here = await startNamedHost(plc, 'here', { PDS_REGISTRATION: 'closed' })
})
afterAll(async () => {
  await old.stop()
  await here.stop()
  await plc.stop()
})

/** Registration is closed there: the operator makes the invite code. */
const operator = () => ({ PDS_ADMIN_PASSWORD: passwordOf(here) })

async function signInHere(did: string): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: here.origin })
  await agent.login({ identifier: did, password: NEW_PASSWORD })
  return agent
}

const deactivatedHere = async (did: string): Promise<boolean> => {
  const answer = await fetch(`${here.origin}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
  return ((await answer.json()) as { status?: string }).status === 'deactivated'
}

test('a move is looked at first, ended with Ctrl-C, goes on to where a code comes by mail, and ends with it', async () => {
  const from = await fillAccount(old.origin, 'mover.old.test', { records: 60, blobs: 5 })
  const did = from.assertDid
  const before = await contentsOf(from)
  const move = { to: here.origin, plc: plc.url, state: makeFolder(), env: operator() }
  const args = ['--new-handle', 'mover.here.test', '--recovery-key', RECOVERY.did()]
  const run = (...more: string[]) => startMigration(did, { ...move, args: [...args, ...more] })

  const looked = await run('--dry-run', '--json').ended
  expect(looked.code, looked.output).toBe(0)
  expect(JSON.parse(looked.stdout)).toMatchObject({ handle: 'mover.here.test', records: 60 })
  expect(looked.output).toContain('takes nobody without an invite code')
  expect(await deactivatedHere(did)).toBe(false)
  expect(existsSync(move.state)).toBe(false)

  const interrupted = run()
  interrupted.child.stderr?.on('data', (chunk: Buffer) => {
    if (chunk.toString().includes('4/11')) interrupted.child.kill('SIGINT')
  })
  expect(await interrupted.ended).toMatchObject({
    code: 130,
    output: expect.stringContaining('Interrupted'),
  })
  expect(await deactivatedHere(did)).toBe(true)

  const mailed = await run().ended
  expect(mailed.output).toContain('has mailed a code to mover.old.test@example.com')
  expect(mailed.code).toBe(1)
  const { token } = await mailTo(old.origin, 'mover.old.test@example.com', /./)
  const state = readFileSync(join(move.state, 'state.json'), 'utf8')
  for (const secret of [OLD_PASSWORD, NEW_PASSWORD]) expect(state).not.toContain(secret)
  expect(statSync(join(move.state, 'state.json')).mode & 0o077).toBe(0)
  const last = await run('--plc-code', token).ended
  expect(last.code, last.output).toBe(0)
  expect(await contentsOf(await signInHere(did))).toEqual(before)
  const { rotationKeys } = await new PlcDirectory(
    { plcUrl: plc.url, plcRotationKey: '' },
    fetch,
  ).documentData(did)
  expect(rotationKeys[0]).toBe(RECOVERY.did())
  // It has moved: to run it again does nothing.
  expect((await run().ended).code).toBe(0)
})

test('an account without an address is asked for one, a refused name is corrected, and who has the code is said', async () => {
  const asOperator = { PDS_ADMIN_PASSWORD: passwordOf(old) }
  const onOld = ['--host', old.origin, '--json']
  const create = ['account', 'create', 'bare.old.test', '--password', OLD_PASSWORD, ...onOld]
  const { did } = JSON.parse((await runCumulus(create, asOperator)).output) as { did: string }
  const move = { to: here.origin, plc: plc.url, state: makeFolder(), env: operator() }
  const run = (...args: string[]) => startMigration(did, { ...move, args }).ended

  const withoutAddress = await run('--new-handle', 'admin.here.test')
  expect(withoutAddress.output).toContain('no e-mail address of yours')
  expect(withoutAddress).toMatchObject({ code: 2, output: expect.stringContaining('--email') })
  const reserved = await run('--email', 'bare@example.com')
  expect(reserved).toMatchObject({ code: 1, output: expect.stringMatching(/reserved/i) })
  const mailed = await run('--new-handle', 'bare.here.test')
  expect(mailed).toMatchObject({ code: 1, output: expect.stringContaining('migrate-token') })
  const token = await runCumulus(['migrate-token', 'bare.old.test', ...onOld], asOperator)
  const ended = await run('--plc-code', (JSON.parse(token.output) as { token: string }).token)
  expect(ended.code, ended.output).toBe(0)
  expect(ended.stdout).toContain('@bare.here.test')
})

test('what is written at the old host while the account moves comes along, up to the last moment', async () => {
  const from = await fillAccount(old.origin, 'writer.old.test', { records: 20, blobs: 2 })
  const did = from.assertDid
  const toOld = await startLyingHost(old.origin)
  const toHere = await startLyingHost(here.origin)
  const written: string[] = []
  const write = async (name: string) => {
    const bytes = new TextEncoder().encode(`a file that was written late: ${name}`)
    const { data } = await from.uploadBlob(bytes, { encoding: 'text/plain' })
    const collection = 'com.example.file'
    const record = { $type: collection, name, blob: data.blob }
    const made = await from.com.atproto.repo.createRecord({ repo: did, collection, record })
    written.push(made.data.uri)
  }
  const posts = await from.com.atproto.repo.listRecords({
    repo: did,
    collection: 'app.bsky.feed.post',
  })
  const deleted = posts.data.records[0]?.uri ?? ''
  // Once while the mail with the code was under way, and once when the new host has taken over.
  toOld.lies.push({
    about: (path) => path.includes('signPlcOperation'),
    tell: lies.after(() => write('before the switch')),
    times: 1,
  })
  toHere.lies.push({
    about: (path) => path.includes('activateAccount'),
    tell: lies.after(async () => {
      await write('after the switch')
      await from.deletePost(deleted)
    }),
  })
  const move = { to: toHere.origin, plc: plc.url, state: makeFolder(), env: operator() }
  const args = ['--from', toOld.origin, '--new-handle', 'writer.here.test']
  await startMigration(did, { ...move, args }).ended
  const { token } = await mailTo(old.origin, 'writer.old.test@example.com', /./)
  const { code, output } = await startMigration(did, {
    ...move,
    args: [...args, '--plc-code', token],
  }).ended
  await toOld.stop()
  await toHere.stop()
  expect(code, output).toBe(0)
  expect(output).toContain('1 record written and 1 record deleted at the last moment')
  const { records, bytes } = await contentsOf(await signInHere(did))
  expect(Object.keys(records)).toHaveLength(21)
  expect(Object.keys(records)).toEqual(expect.arrayContaining(written))
  expect(records).not.toHaveProperty([deleted])
  expect(Object.keys(bytes)).toHaveLength(4)
})

const SIZE = LONG ? { records: 20_000, blobs: 500 } : { records: 200, blobs: 20 }
const TROUBLE = LONG ? { troubles: 100, longest: 1_500 } : { troubles: 8, longest: 200 }
const TIMEOUT = LONG ? 3_600_000 : 120_000

test(
  'a move that is killed and cut off at random moments brings everything, and always leaves a host',
  async () => {
    const from = await fillAccount(old.origin, 'nomad.old.test', SIZE)
    const did = from.assertDid
    const before = await contentsOf(from)
    const email = 'nomad.old.test@example.com'
    const ordeal = await moveThroughTrouble({
      did,
      old: old.origin,
      here: here.origin,
      plc: plc.url,
      handle: 'nomad.here.test',
      records: SIZE.records,
      ...TROUBLE,
      env: operator(),
      mailedCode: async () => (await mailTo(old.origin, email, /./)).token,
    })
    tell('between two of these hosts', ordeal)
    expect(await contentsOf(await signInHere(did)), ordeal.output).toEqual(before)
    const { data } = await from.com.atproto.sync.getRepoStatus({ did })
    expect(data).toMatchObject({ active: false, status: 'deactivated' })
  },
  TIMEOUT,
)

describe.runIf(LONG)('from the reference PDS', () => {
  let reference: TestReference
  beforeAll(async () => {
    reference = await startReference(plc.url)
  }, 600_000)
  afterAll(() => reference.stop())

  test(
    'and back to it, where the account was left behind, through as much trouble',
    async () => {
      const from = await fillAccount(reference.origin, 'rover.reference.test', SIZE)
      const did = from.assertDid
      const before = await contentsOf(from)
      const common = { did, plc: plc.url, records: SIZE.records, ...TROUBLE }
      const there = await moveThroughTrouble({
        ...common,
        old: reference.origin,
        here: here.origin,
        handle: 'rover.here.test',
        env: operator(),
        mailedCode: async () => reference.mailedToken(did),
      })
      tell('from the reference', there)
      const moved = await signInHere(did)
      expect(await contentsOf(moved), there.output).toEqual(before)

      await moved.post({ text: 'written at the new host' })
      const settled = await contentsOf(moved)
      const back = await moveThroughTrouble({
        ...common,
        records: SIZE.records + 1,
        old: here.origin,
        here: reference.origin,
        handle: 'rover.reference.test',
        mailedCode: async () =>
          (await mailTo(here.origin, 'rover.reference.test@example.com', /./)).token,
        env: { CUMULUS_OLD_PASSWORD: NEW_PASSWORD, CUMULUS_NEW_PASSWORD: OLD_PASSWORD },
      })
      tell('back to the reference', back)
      const returned = new AtpAgent({ service: reference.origin })
      await returned.login({ identifier: did, password: OLD_PASSWORD })
      expect(await contentsOf(returned), back.output).toEqual(settled)
    },
    TIMEOUT,
  )
})

/** What a campaign printed is kept by whoever runs it. */
function tell(what: string, { output: _, ...told }: Ordeal): void {
  if (!LONG) return
  console.log(`${what}: ${JSON.stringify(told)}`)
  expect(told.kills + told.cuts).toBeGreaterThanOrEqual(50)
}
