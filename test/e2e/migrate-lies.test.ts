/** A move from a host that lies, breaks down, wants to be left alone or a second factor: each is named, and nothing is lost. */
import { dirname, join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { BlockMap, blocksToCarFile, readCarWithRoot } from '@atproto/repo'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { SettingsSession } from '../support/browser-session.ts'
import { type LyingHost, lies, startLyingHost } from '../support/lying-host.ts'
import { mailTo, readMails } from '../support/mail.ts'
import {
  fillAccount,
  makeFolder,
  NEW_PASSWORD,
  OLD_PASSWORD,
  startMigration,
} from '../support/migrate.ts'
import { startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { PROJECT } from '../support/project.ts'
import type { TestServer } from '../support/server.ts'
import { lacksTmux, Terminal } from '../support/terminal.ts'

// Each run of the program is a process of its own; a slow machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let plc: TestPlc
let old: TestServer
let here: TestServer
let liar: LyingHost

beforeAll(async () => {
  plc = await startPlc()
  old = await startNamedHost(plc, 'old')
  here = await startNamedHost(plc, 'here')
  liar = await startLyingHost(old.origin)
})
afterEach(() => {
  liar.lies.length = 0
})
afterAll(async () => {
  await liar.stop()
  await old.stop()
  await here.stop()
  await plc.stop()
})

async function makeMove(name: string) {
  const from = await fillAccount(old.origin, `${name}.old.test`, { records: 20, blobs: 10 })
  const did = from.assertDid
  const { data } = await from.com.atproto.sync.listBlobs({ did })
  const common = { to: here.origin, plc: plc.url, state: makeFolder() }
  const run = (...more: string[]) => {
    const args = ['--from', liar.origin, '--new-handle', `${name}.here.test`, ...more]
    return startMigration(did, { ...common, args }).ended
  }
  const code = async () => (await mailTo(old.origin, `${name}.old.test@example.com`, /./)).token
  return { from, did, blobs: data.cids.sort(), run, code }
}

/** The account still lives at the old host, as if nothing had been tried. */
async function expectUntouched(did: string): Promise<void> {
  const status = await fetch(`${old.origin}/xrpc/com.atproto.sync.getRepoStatus?did=${did}`)
  expect(await status.json()).toMatchObject({ active: true })
  const log = await fetch(`${plc.url}/${did}/log`)
  expect(await log.json()).toHaveLength(1)
}

async function statusHere(did: string) {
  const agent = new AtpAgent({ service: here.origin })
  await agent.login({ identifier: did, password: NEW_PASSWORD })
  return (await agent.com.atproto.server.checkAccountStatus()).data
}

test('blobs that are missing or wrong are named; failures that pass are waited out', async () => {
  const { did, blobs, run, code } = await makeMove('gaps')
  const [gone, wrong, broken, busy, stalled, cut] = blobs
  const about = (cid = '') => ({
    about: (path: string) => path.includes(`getBlob?`) && path.includes(cid),
  })
  liar.lies.push(
    { ...about(gone), tell: lies.refuse(400, 'BlobNotFound') },
    { ...about(wrong), tell: lies.flipByte },
    { ...about(broken), times: 2, tell: lies.refuse(503, 'Unavailable') },
    {
      ...about(busy),
      times: 1,
      tell: lies.refuse(429, 'RateLimitExceeded', { 'retry-after': '1' }),
    },
    { ...about(stalled), times: 1, tell: lies.stall },
    { ...about(cut), times: 1, tell: lies.truncate },
    { about: (path) => path.includes('getRepo?'), times: 1, tell: lies.truncate },
  )
  const first = await run('--timeout', '3')
  expect(first.code, first.output).toBe(1)
  const expected = [
    '2 blobs cannot be copied',
    `${gone} (in com.example.file/`,
    'the old host does not have it',
    `${wrong} (in com.example.file/`,
    'the old host gives other bytes for it',
    'refused com.atproto.sync.getBlob (503)',
    'refused com.atproto.sync.getBlob (429): RateLimitExceeded, as it says; again in 1 s',
    'nothing came for too long',
    'The repository of the old host is damaged: the CAR file breaks off',
    '--allow-missing-blobs',
  ]
  for (const line of expected) expect(first.output).toContain(line)
  await expectUntouched(did)
  expect(await statusHere(did)).toMatchObject({
    activated: false,
    expectedBlobs: 10,
    importedBlobs: 8,
  })

  // One is there again; the other one is given up.
  liar.lies.splice(0, 1)
  const second = await run('--allow-missing-blobs')
  expect(second.output).toContain('has mailed a code')
  const third = await run('--allow-missing-blobs', '--plc-code', await code(), '--json')
  expect(third.code, third.output).toBe(0)
  expect(JSON.parse(third.stdout)).toMatchObject({
    did,
    records: 20,
    blobs: 9,
    lostBlobs: [{ cid: wrong, reason: expect.stringContaining('gives other bytes') }],
  })
  expect(await statusHere(did)).toMatchObject({ activated: true, importedBlobs: 9 })
})

test('a repository that lacks a record is named, and no account is made', async () => {
  const { from, did, run } = await makeMove('lack')
  const { data } = await from.com.atproto.repo.listRecords({
    repo: did,
    collection: 'com.example.file',
    limit: 1,
  })
  const [record] = data.records
  const car = await readCarWithRoot((await from.com.atproto.sync.getRepo({ did })).data)
  const kept = new BlockMap()
  car.blocks.forEach((bytes, cid) => {
    if (cid.toString() !== record?.cid) kept.set(cid, bytes)
  })
  const file = await blocksToCarFile(car.root, kept)
  liar.lies.push({
    about: (path) => path.includes('getRepo?'),
    tell: (_, response) => void response.writeHead(200).end(file),
  })
  const { code, output } = await run('--tries', '2')
  expect(code).toBe(1)
  const path = record?.uri.split('/').slice(3).join('/')
  expect(output).toContain(`lacks 1 record that its tree names: ${path} (${record?.cid})`)
  await expectUntouched(did)
  await expect(statusHere(did)).rejects.toThrow('Invalid identifier or password')
})

test('an old host that slips a key of its own into the identity is found out', async () => {
  const { did, run, code } = await makeMove('slip')
  expect((await run()).output).toContain('has mailed a code')
  liar.lies.push({
    about: (path) => path.includes('signPlcOperation'),
    tell({ body }, response) {
      const { operation } = JSON.parse(body.toString())
      operation.rotationKeys.unshift('did:key:zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF')
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ operation }))
    },
  })
  const { code: exit, output } = await run('--plc-code', await code())
  expect(exit).toBe(1)
  expect(output).toContain('has signed another change of the identity than it was asked for')
  await expectUntouched(did)
})

test('neither preferences of other apps nor an older state at the end does any harm', async () => {
  const { from, did, run, code } = await makeMove('stale')
  const stale = Buffer.from((await from.com.atproto.sync.getRepo({ did })).data)
  const { data: head } = await from.com.atproto.sync.getLatestCommit({ did })
  await from.post({ text: 'the newest one' })
  const kept = { $type: 'app.bsky.actor.defs#interestsPref', tags: ['moving'] }
  const preferences = [kept, { $type: 'com.example.other' }, null]
  liar.lies.push({
    about: (path) => path.includes('getPreferences'),
    tell: (_, response) => void response.writeHead(200).end(JSON.stringify({ preferences })),
  })
  const first = await run()
  expect(first.output).toContain('2 preferences of other apps stay behind')
  expect(first.output).toContain('has mailed a code')
  const turnBack = async () => {
    liar.lies.length = 0
    liar.lies.push(
      {
        about: (path) => path.includes('getLatestCommit'),
        tell: (_, response) =>
          void response.writeHead(200).end(JSON.stringify({ ...head, rev: '3zzzzzzzzzzzz' })),
      },
      {
        about: (path) => path.includes('getRepo?'),
        tell: (_, response) => void response.writeHead(200).end(stale),
      },
    )
  }
  liar.lies.push({
    about: (path) => path.endsWith('deactivateAccount'),
    tell: lies.after(turnBack),
  })
  const { code: exit, output } = await run('--plc-code', await code())
  expect(exit, output).toBe(0)
  expect(output).toContain('an older state than the one that has come along')
  expect(await statusHere(did)).toMatchObject({ activated: true, indexedRecords: 21 })
})

test('a host that answers what is no object is named, without a stack', async () => {
  const { did, run } = await makeMove('shape')
  liar.lies.push({
    about: (path) => path.includes('describeServer'),
    tell: (_, response) => void response.writeHead(200).end('null'),
  })
  const { code, output } = await run('--tries', '1')
  expect(code).toBe(1)
  expect(output).toContain('its answer is no JSON object')
  expect(output).not.toContain('    at ')
  await expectUntouched(did)
})

test('a host that wants to be left alone for longer is named with the time to go on, and nothing is lost', async () => {
  const { did, run } = await makeMove('later')
  const busy = lies.refuse(429, 'RateLimitExceeded', { 'retry-after': '3600' })
  liar.lies.push({ about: (path) => path.includes('getBlob?'), tell: busy })
  const before = Date.now()
  const first = await run()
  expect(first.code, first.output).toBe(1)
  expect(first.output).toContain('refused com.atproto.sync.getBlob (429)')
  const [, at = ''] =
    /run the same command again in 60 minutes, at (\S+) UTC or later/.exec(first.output) ?? []
  const until = Date.parse(`${new Date(before + 3_600_000).toISOString().slice(0, 10)}T${at}Z`)
  expect(Math.abs(until - before - 3_600_000)).toBeLessThan(24 * 3_600_000)
  expect(first.output).toContain('Everything so far is kept.')
  expect(first.output).not.toContain('    at ')
  await expectUntouched(did)

  liar.lies.length = 0
  expect((await run()).output).toContain('has mailed a code')
  expect(await statusHere(did)).toMatchObject({ importedBlobs: 10 })
})

describe('a second factor at the old host', () => {
  test('by mail: the code is asked for, given along, and sent before another one is mailed', async () => {
    const { from, did, run } = await makeMove('coded')
    const email = 'coded.old.test@example.com'
    await from.com.atproto.server.requestEmailConfirmation()
    const { token } = await mailTo(old.origin, email, /Confirm/)
    await from.com.atproto.server.confirmEmail({ email, token })
    await from.com.atproto.server.updateEmail({ email, emailAuthFactor: true })
    const first = await run()
    expect(first.code, first.output).toBe(1)
    expect(first.output).toContain('--sign-in-code')
    expect(first.output).toContain('Everything so far is kept.')

    const { token: code } = await mailTo(old.origin, email, /Sign in/)
    const mails = (await readMails(old.origin)).length
    const second = await run('--sign-in-code', code)
    expect(second.output).toContain('has mailed a code')
    // Mails come one after the other, and this is of its last step.
    await mailTo(old.origin, email, /identity/)
    const sent = (await readMails(old.origin)).slice(mails)
    expect(sent.filter(({ subject }) => /Sign in/.test(subject))).toEqual([])
    await expectUntouched(did)
  })

  test.skipIf(lacksTmux)('is asked for on a terminal, again after a wrong one', async () => {
    const { did } = await makeMove('asked')
    const settings = await SettingsSession.open(old.origin, 'asked.old.test', OLD_PASSWORD)
    const { recovery } = await settings.setUpTotp()
    const env = {
      PDS_DID_PLC_URL: plc.url,
      PDS_DEV_MODE: 'true',
      PDS_ADMIN_PASSWORD: 'none',
      CUMULUS_ENV_FILE: '',
      CUMULUS_OLD_PASSWORD: OLD_PASSWORD,
      CUMULUS_NEW_PASSWORD: NEW_PASSWORD,
    }
    const set = Object.entries(env).map(([name, value]) => `${name}='${value}'`)
    const state = makeFolder()
    const options = `--host ${here.origin} --from ${old.origin} --new-handle asked.here.test --state ${state}`
    const command = `${set.join(' ')} '${process.execPath}' '${join(PROJECT, 'cli/cumulus.ts')}' migrate ${did} ${options}`
    const terminal = new Terminal(dirname(state), command)
    try {
      await terminal.shows('asks for a code')
      terminal.type('000000')
      await terminal.shows('does not take the code')
      terminal.type(recovery[0] ?? '')
      await terminal.shows('has mailed a code')
      terminal.press('C-c')
      await terminal.shows('exit code 130')
    } finally {
      terminal.end()
    }
  })
})
