/** The operator's password of a host on Cloudflare: killed at any step, the next run finds out which one the host has. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { runCumulus } from '../../test/support/command.ts'
import { PROJECT } from '../../test/support/project.ts'
import { takeLock } from '../host/folder-lock.ts'
import { SETTINGS_LOCK } from '../host/private-data.ts'
import { cloudflarePlace } from './places.ts'
import { replaceSecret } from './replace.ts'

const SETTING = 'PDS_ADMIN_PASSWORD'
const PUT = `secret put ${SETTING}`

let folder: string
const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8'))
const kept = (): Record<string, string> => json('cloudflare-secrets.json')
const onWorker = (): string => json('state.json').values[SETTING]

/** A host that has what wrangler was given. */
const host = createServer((request, response) => {
  const expected = `Basic ${Buffer.from(`admin:${onWorker()}`).toString('base64')}`
  response.writeHead(request.headers.authorization === expected ? 200 : 401).end('{}')
})
beforeAll(() => new Promise<void>((resolve) => host.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  host.closeAllConnections()
  host.close()
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cumulus-secrets-'))
  writeFileSync(join(folder, 'cloudflare-secrets.json'), JSON.stringify({ [SETTING]: 'old' }))
  put({})
})

function put(more: object, values = { [SETTING]: 'old' }) {
  const state = { signedIn: true, deployed: true, values, ...more }
  writeFileSync(join(folder, 'state.json'), JSON.stringify(state))
}

const origin = () => `http://127.0.0.1:${(host.address() as AddressInfo).port}`

const settings = (password: string) => ({
  CUMULUS_WRANGLER: join(PROJECT, 'test/support/wrangler-stand-in.mjs'),
  STAND_IN_STATE: join(folder, 'state.json'),
  STAND_IN_LOG: join(folder, 'log'),
  PDS_ADMIN_PASSWORD: password,
})

/** Ends as a run ends that is killed, where wrangler fails: nothing is undone. */
function rotate(password: string) {
  for (const [name, value] of Object.entries(settings(password))) vi.stubEnv(name, value)
  return replaceSecret('admin', cloudflarePlace(folder), { host: origin(), dev: false })
}
afterEach(() => vi.unstubAllEnvs())

const command = () => {
  const where = ['--cloudflare', '--host', origin(), '--folder', folder]
  return runCumulus(['secret', 'rotate', 'admin', ...where], settings('old'))
}

test('killed once the host has it, the next run goes on with it', async () => {
  put({ kills: { [PUT]: 'after' } })
  expect((await command()).code).toBeNull()
  const begun = kept().PDS_NEXT_ADMIN_PASSWORD
  expect(kept()).toEqual({ [SETTING]: 'old', PDS_NEXT_ADMIN_PASSWORD: onWorker() })
  await rotate('old')
  expect([onWorker(), kept()]).toEqual([begun, { [SETTING]: begun }])
})

test('killed before, the next run gives it to the host', async () => {
  put({ says: { [PUT]: { code: 1, stderr: '[ERROR] no' } } })
  await expect(rotate('old')).rejects.toThrow('secret put')
  const begun = kept().PDS_NEXT_ADMIN_PASSWORD
  expect([onWorker(), kept()[SETTING]]).toEqual(['old', 'old'])
  put({})
  await rotate('old')
  expect([onWorker(), kept()]).toEqual([begun, { [SETTING]: begun }])
})

test('a wrong password changes nothing', async () => {
  await expect(rotate('wrong')).rejects.toThrow('does not take')
  expect([onWorker(), kept()]).toEqual(['old', { [SETTING]: 'old' }])
})

test('one command at a time changes settings and secrets', async () => {
  const release = await takeLock(folder, SETTINGS_LOCK, 'taken')
  const { code, output } = await command()
  release()
  expect(code).toBe(1)
  expect(output).toContain('Another command is changing the settings or secrets')
  expect(kept()).toEqual({ [SETTING]: 'old' })
})
