/** A move whose old host is gone, from a CAR file, a folder of blobs and a rotation key. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { SigningKey } from '../../src/kernel/crypto/signing-key.ts'
import { PlcDirectory } from '../../src/services/identity/plc.ts'
import { fillAccount, makeFolder, NEW_PASSWORD, startMigration } from '../support/migrate.ts'
import { contentsOf, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import type { TestServer } from '../support/server.ts'

// Each run of the program is a process of its own; a slow machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

const own = SigningKey.generate('p256')
const ownHex = Buffer.from(own.toBytes().slice(1)).toString('hex')

let plc: TestPlc
let here: TestServer
let backup: Awaited<ReturnType<typeof makeBackup>>

/** An account, and what its owner has kept of it; the host is gone afterwards. */
async function makeBackup() {
  const old = await startNamedHost(plc, 'lost')
  const agent = await fillAccount(
    old.origin,
    'survivor.lost.test',
    { records: 60, blobs: 6 },
    { recoveryKey: own.did() },
  )
  const did = agent.assertDid
  const contents = await contentsOf(agent)
  const folder = mkdtempSync(join(tmpdir(), 'backup-'))
  const car = join(folder, 'repository.car')
  writeFileSync(car, (await agent.com.atproto.sync.getRepo({ did })).data)
  for (const [cid, bytes] of Object.entries(contents.bytes)) {
    writeFileSync(join(folder, `${cid}.bin`), Buffer.from(bytes, 'base64'))
  }
  const preferences = join(folder, 'preferences.json')
  writeFileSync(preferences, JSON.stringify({ preferences: contents.preferences }))
  await old.stop()
  return { did, contents, folder, car, preferences }
}

beforeAll(async () => {
  plc = await startPlc()
  here = await startNamedHost(plc, 'here')
  backup = await makeBackup()
})
afterAll(async () => {
  await here.stop()
  await plc.stop()
})

const state = makeFolder()
const start = (rotationKey: string) => {
  const { did, folder, car, preferences } = backup
  const files = ['--car', car, '--blobs', folder, '--preferences', preferences]
  const who = ['--new-handle', 'survivor.here.test', '--email', 'survivor@example.com']
  return startMigration(did, {
    to: here.origin,
    plc: plc.url,
    state,
    args: ['--offline', ...files, ...who],
    env: { CUMULUS_ROTATION_KEY: rotationKey },
  })
}
const operations = async () =>
  (await (await fetch(`${plc.url}/${backup.did}/log`)).json()) as unknown[]

test('a key that is none of the identity’s changes nothing', async () => {
  const { code, output } = await start('77'.repeat(32)).ended
  expect(code).toBe(1)
  expect(output).toContain(`is none of the identity's: it has ${own.did()}, `)
  expect(output).not.toContain('7777')
  expect(await operations()).toHaveLength(1)
})

test('the rotation key moves the account, also when the program is killed in every step', async () => {
  const { did, contents } = backup
  for (const step of [2, 3, 4, 5, 7, 8, 9]) {
    const run = start(ownHex)
    await new Promise<void>((resolve) => {
      run.child.stderr?.on('data', (chunk: Buffer) => {
        if (!chunk.toString().includes(`${step}/9 `)) return
        setTimeout(() => run.child.kill('SIGKILL'), Math.random() * 40)
      })
      run.child.once('close', () => resolve())
    })
  }
  const { code, output } = await start(ownHex).ended
  expect(code, output).toBe(0)
  const agent = new AtpAgent({ service: here.origin })
  await agent.login({ identifier: did, password: NEW_PASSWORD })
  expect(await contentsOf(agent)).toEqual(contents)
  const { data: status } = await agent.com.atproto.server.checkAccountStatus()
  expect(status).toMatchObject({ activated: true, validDid: true })
  // The person's key stands first, and what stood below it, of the host that was lost, is gone.
  const { data: recommended } = await agent.com.atproto.identity.getRecommendedDidCredentials()
  const directory = new PlcDirectory({ plcUrl: plc.url, plcRotationKey: '' }, fetch)
  const { rotationKeys } = await directory.documentData(did)
  expect(rotationKeys).toEqual([own.did(), ...(recommended.rotationKeys ?? [])])
  expect(await operations()).toHaveLength(3)
  await agent.post({ text: 'settled in' })
})
