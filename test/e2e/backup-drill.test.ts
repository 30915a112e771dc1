/** Drills, damaged backups, a bucket, and runs that are killed. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { parseEnv } from 'node:util'
import { AtpAgent } from '@atproto/api'
import { readCarWithRoot } from '@atproto/repo'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import S3rver from 's3rver'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeAccounts } from '../support/accounts.ts'
import {
  backUp,
  backupFolder,
  countFiles,
  envOf,
  filesIn,
  runAndKill,
  runJson,
} from '../support/backup.ts'
import { runCumulus } from '../support/command.ts'
import { furnish } from '../support/move.ts'
import { freePort, HANDLE, PASSWORD, startServer, type TestServer } from '../support/server.ts'

const LONG = process.env.CUMULUS_LONG !== undefined

/** How many places of a backup are damaged. */
const FLIPS = LONG ? 300 : 3

interface DrillReport {
  ok: boolean
  accounts: number
  records: number
  blobs: number
  takenAt: string
  problems: string[]
  newestProven: { takenAt: string } | null
}

let server: TestServer
let agent: AtpAgent
/** For whom backups are encrypted, and the file that opens them. */
let recipient: string
let identity: string
const folder = backupFolder()

beforeAll(async () => {
  const key = await generateX25519Identity()
  recipient = await identityToRecipient(key)
  identity = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'key.txt')
  writeFileSync(identity, `# of a test\n${key}\n`)
  server = await startServer()
  agent = new AtpAgent({ service: server.origin })
  await agent.login({ identifier: HANDLE, password: PASSWORD })
  await furnish(agent)
  await makeAccounts(server, 3)
})
afterAll(() => server.stop())

const drill = async (from: string, env: Record<string, string> = {}) => {
  const args = ['drill', '--from', from, '--identity', identity, '--json']
  const { code, output } = await runCumulus(args, env)
  const line = output.split('\n').find((text) => text.startsWith('{'))
  return { code, output, report: JSON.parse(line ?? 'null') as DrillReport | null }
}

test('a drill restores the newest backup, compares all of it, and notes that it did', async () => {
  await backUp(server, folder, '--recipient', recipient)
  await agent.post({ text: 'in the second part of the repository' })
  await backUp(server, folder)
  const { code, report } = await drill(folder)
  expect(report).toMatchObject({ ok: true, accounts: 4, records: 125, blobs: 3, problems: [] })
  expect(report?.newestProven?.takenAt).toBe(report?.takenAt)
  expect(code).toBe(0)
})

test(`one byte that is flipped, at each of ${FLIPS} random places, fails the drill, which names the file`, {
  timeout: FLIPS * 10_000,
}, async () => {
  // What only an earlier run refers to is not read.
  await backUp(server, folder, '--keep-daily', '1')
  const files = filesIn(folder).filter((name) => !name.startsWith('drills'))
  expect(files.length).toBeGreaterThan(12)
  const picked = Array.from({ length: FLIPS }, (_, n) =>
    n < 3 ? files.filter((name) => !name.includes('objects'))[n] : anyOf(files),
  )
  for (const name of picked) {
    const path = join(folder, name ?? '')
    const bytes = readFileSync(path)
    const at = Math.floor(Math.random() * bytes.byteLength)
    const damaged = Buffer.from(bytes)
    damaged[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(Math.random() * 8))
    writeFileSync(path, damaged)
    const { code, report } = await drill(folder)
    expect([name, at, code]).toEqual([name, at, 1])
    expect(report?.problems).toHaveLength(1)
    expect(report?.problems[0]).toContain(name)
    expect(report?.newestProven).toBeNull()
    writeFileSync(path, bytes)
  }
})

test('a file that was damaged is fetched again, once it is gone', async () => {
  const name = anyOf(filesIn(folder, 'blobs')) ?? ''
  rmSync(join(folder, name))
  expect((await drill(folder)).report?.problems).toEqual([`${name}: it is missing`])
  await backUp(server, folder)
  expect((await drill(folder)).code).toBe(0)
})

test('a bucket that speaks S3 holds a backup as a folder does', async () => {
  const directory = backupFolder()
  const port = await freePort()
  const bucket = { name: 'pds', configs: [] }
  const s3 = new S3rver({
    port,
    address: '127.0.0.1',
    silent: true,
    directory,
    configureBuckets: [bucket],
  })
  await s3.run()
  const aws = {
    AWS_ACCESS_KEY_ID: 'S3RVER',
    AWS_SECRET_ACCESS_KEY: 'S3RVER',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
    AWS_REGION: 'us-east-1',
  }
  const to = 's3://pds/host/one'
  const env = { ...envOf(server), ...aws }
  const first = await runJson<{ written: number }>(
    ['backup', '--to', to, '--recipient', recipient],
    env,
  )
  expect(first).toMatchObject({ accounts: 4, blobs: 3 })
  const { written } = await runJson<{ written: number }>(
    ['backup', '--to', to, '--keep-daily', '1'],
    env,
  )
  expect(written).toBeLessThan(first.written / 2)
  expect(await drill(to, aws)).toMatchObject({ code: 0 })
  const wrong = { ...aws, AWS_ACCESS_KEY_ID: 'another' }
  const refused = await runCumulus(['drill', '--from', to], wrong)
  expect(refused.code).toBe(1)
  expect(refused.output).toContain('AWS_SECRET_ACCESS_KEY')
  await s3.close()
})

test('backups and restores that are killed go on', {
  timeout: LONG ? 900_000 : 60_000,
}, async () => {
  const to = backupFolder()
  const begin = ['backup', '--to', to, '--recipient', recipient]
  const stored = () => countFiles(join(to, 'objects')) + countFiles(join(to, 'blobs'))
  for (const count of LONG ? Array.from({ length: 30 }, (_, n) => n / 2) : [1, 9]) {
    await runAndKill(begin, envOf(server), () => stored() >= count)
  }
  await backUp(server, to, '--recipient', recipient)
  expect((await drill(to)).report).toMatchObject({ ok: true, accounts: 4, blobs: 3 })

  const target = await startServer({
    env: {
      PDS_FIRST_HANDLE: '',
      PDS_HOSTNAME: 'pds.example.com',
      PDS_DEV_MODE: 'false',
      ...secretsOf(server),
    },
  })
  expect(target.output).toContain('There is no account yet')
  const { PDS_ADMIN_PASSWORD = '' } = secretsOf(server)
  const env = { PDS_ADMIN_PASSWORD, PDS_PORT: new URL(target.origin).port }
  const restore = ['restore', '--from', to, '--identity', identity]
  const there = () =>
    countFiles(join(target.dataDirectory, 'objects')) +
    countFiles(join(target.dataDirectory, 'blobs'))
  const before = there()
  for (const count of LONG ? Array.from({ length: 40 }, (_, n) => n / 2) : [3, 12]) {
    await runAndKill(restore, env, () => there() >= before + count)
  }
  await runJson(restore, env)
  const again = new AtpAgent({ service: target.origin })
  await again.login({ identifier: HANDLE, password: PASSWORD })
  expect(await recordsOf(again)).toEqual(await recordsOf(agent))
  await again.post({ text: 'goes on' })
  const signUp = again.com.atproto.server.createAccount({ handle: 'new.pds.example.com' })
  await expect(signUp).rejects.not.toThrow('being restored')
  await target.stop()
})

test('what cannot be restored is refused, and it is said why', async () => {
  const failed = async (args: string[], env = envOf(server)) => {
    const { code, output } = await runCumulus(args, env)
    expect(code).not.toBe(0)
    return output
  }
  const from = ['restore', '--from', folder, '--identity', identity]
  expect(await failed(from)).toContain('into an empty one only')
  expect(await failed([...from, HANDLE])).toMatch(/here already: with --overwrite/)
  expect(await failed(['restore', '--from', backupFolder()])).toContain('There is no folder')
  expect(await failed(['restore', '--from', folder])).toContain('--identity')
  expect(await failed(['backup', '--to', backupFolder()])).toContain('--recipient')
  const without = backupFolder()
  await backUp(server, without, '--recipient', recipient, '--without-secrets')
  const into = ['restore', '--from', without, '--identity', identity, '--into', backupFolder()]
  expect(await failed(into)).toContain('made without the secrets')
  const unknown = { ...envOf(server), PDS_KEY_SECRET: 'another one, long enough' }
  expect(await failed(['backup', '--to', folder], unknown)).toContain('--without-secrets')
})

test('the secrets alone are written for who sets them elsewhere, once', async () => {
  const path = `${backupFolder()}.vars`
  const args = ['restore', '--from', folder, '--identity', identity, '--secrets-to', path]
  expect((await runCumulus(args)).code).toBe(0)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(parseEnv(readFileSync(path, 'utf8'))).toMatchObject(secretsOf(server))
  expect((await runCumulus(args)).output).toContain('there already')
})

test('on a schedule one backup comes after the other', async () => {
  const to = backupFolder()
  const args = ['backup', '--to', to, '--recipient', recipient, '--every', '1s']
  const manifests = () => countFiles(join(to, 'manifests'))
  await runAndKill(args, envOf(server), () => manifests() >= 2)
  expect(manifests()).toBeGreaterThanOrEqual(2)
  expect((await runCumulus(['backup', '--to', to, '--every', 'often'])).code).toBe(2)
})

test('an account whose repository is damaged on the host is named, and the others are backed up', async () => {
  await server.stop()
  damageRecord(server.dataDirectory, agent.assertDid)
  server = await startServer({
    dataDirectory: server.dataDirectory,
    port: Number(new URL(server.origin).port),
  })
  // A place that knows nothing of it yet: elsewhere the sound copy goes on being used.
  const to = backupFolder()
  const args = ['backup', '--to', to, '--recipient', recipient, '--json']
  const { code, output } = await runCumulus(args, envOf(server))
  expect(code).toBe(1)
  const report = JSON.parse(output.split('\n').find((text) => text.startsWith('{')) ?? 'null')
  expect(report.failed).toEqual([{ did: agent.assertDid, why: expect.stringContaining('CID') }])
  expect(report.accounts).toBe(3)
  const drilled = await drill(to)
  expect(drilled.code).toBe(1)
  expect(drilled.report?.accounts).toBe(3)
  expect(drilled.report?.problems).toEqual([expect.stringContaining('was not backed up')])
  expect(await backUp(server, folder)).toMatchObject({ accounts: 4, failed: [] })
})

/** Changes a byte of a record in the database of an account. */
function damageRecord(dataDirectory: string, did: string): void {
  const accounts = join(dataDirectory, 'objects', 'AccountObject')
  for (const name of readdirSync(accounts).filter((file) => file.endsWith('.sqlite'))) {
    const db = new DatabaseSync(join(accounts, name))
    const has = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'account'").get()
    if (has && db.prepare('SELECT 1 FROM account WHERE did = ?').get(did)) {
      db.prepare(
        "UPDATE record SET block = x'a0' WHERE path = (SELECT max(path) FROM record)",
      ).run()
    }
    db.close()
  }
}

test('a drill that is interrupted leaves neither host nor data behind', async () => {
  const temporary = mkdtempSync(join(tmpdir(), 'cumulus-'))
  const args = ['drill', '--from', folder, '--identity', identity]
  const isServing = () =>
    readdirSync(temporary).some((name) => countFiles(join(temporary, name, 'objects')) > 0)
  const { code } = await runAndKill(args, { TMPDIR: temporary }, isServing, 'SIGINT')
  expect(code).toBe(130)
  const left = readdirSync(temporary).filter((name) => name.startsWith('cumulus'))
  expect(left).toEqual([])
  const processes = execFileSync('ps', ['-ww', '-eo', 'args='], { encoding: 'utf8' })
  expect(processes).not.toContain(temporary)
})

async function recordsOf(of: AtpAgent): Promise<string[]> {
  const { data: car } = await of.com.atproto.sync.getRepo({ did: of.assertDid })
  const { blocks } = await readCarWithRoot(car)
  const { root } = await readCarWithRoot(car)
  blocks.delete(root)
  return blocks.cids().map(String).sort()
}

const anyOf = <T>(items: readonly T[]): T | undefined =>
  items[Math.floor(Math.random() * items.length)]

const secretsOf = ({ dataDirectory }: TestServer): Record<string, string> =>
  JSON.parse(readFileSync(join(dataDirectory, 'secrets.json'), 'utf8'))
