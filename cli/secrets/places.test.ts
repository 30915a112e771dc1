/** What is cut off, or refused, while Cloudflare is given secrets. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { secretsOnWorker } from '../setup/cloudflare.ts'
import { CommandError } from '../terminal/errors.ts'
import { cloudflarePlace } from './places.ts'

const [SETTING, NEXT] = ['PDS_KEY_SECRET', 'PDS_NEXT_KEY_SECRET']

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'cumulus-secrets-'))
  vi.stubEnv(
    'CUMULUS_WRANGLER',
    join(import.meta.dirname, '../../test/support/wrangler-stand-in.mjs'),
  )
  vi.stubEnv('STAND_IN_STATE', join(folder, 'state.json'))
  vi.stubEnv('STAND_IN_LOG', join(folder, 'log'))
  writeFileSync(join(folder, `${SETTING}.secret`), 'old\n')
  writeFileSync(join(folder, `${NEXT}.secret`), 'new\n')
})
afterEach(() => vi.unstubAllEnvs())

function cloudflareHas(secrets: string[], signedIn = true) {
  const says = { [`secret delete ${NEXT}`]: { code: 1, stderr: '[ERROR] no such secret' } }
  const state = { signedIn, deployed: true, secrets, says }
  writeFileSync(join(folder, 'state.json'), JSON.stringify(state))
}

const kept = () => readFileSync(join(folder, `${SETTING}.secret`), 'utf8').trim()

test('a change that was killed after the secret was deleted is ended by the next run', async () => {
  cloudflareHas([SETTING])
  const place = cloudflarePlace(folder)
  await place.settle(SETTING, NEXT, 'new')
  expect(kept()).toBe('new')
  expect(place.kept(NEXT)).toBeUndefined()
})

test('a number in an error is no answer that the Worker has no keys', async () => {
  const stderr = '[ERROR] request 4b1000742: internal error'
  const says = { 'secret list json': { code: 1, stderr } }
  const state = { signedIn: true, deployed: true, secrets: [], says }
  writeFileSync(join(folder, 'state.json'), JSON.stringify(state))
  await expect(secretsOnWorker()).rejects.toThrow('does not say whether')
})

test.each([
  ['is there still', [SETTING, NEXT], true],
  ['may be there', [], false],
])('a secret that could not be deleted and %s changes nothing', async (_, secrets, signedIn) => {
  cloudflareHas(secrets, signedIn)
  const place = cloudflarePlace(folder)
  await expect(place.settle(SETTING, NEXT, 'new')).rejects.toThrow(CommandError)
  expect([kept(), place.kept(NEXT)]).toEqual(['old', 'new'])
})
