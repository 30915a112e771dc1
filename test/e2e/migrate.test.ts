/** `cumulus migrate` moves accounts between real hosts, whatever ends it on the way. */
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { mailTo } from '../support/mail.ts'
import { fillAccount, makeFolder, NEW_PASSWORD, startMigration } from '../support/migrate.ts'
import { contentsOf, startNamedHost } from '../support/move.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import type { TestServer } from '../support/server.ts'

let plc: TestPlc
let old: TestServer
let here: TestServer

beforeAll(async () => {
  plc = await startPlc()
  old = await startNamedHost(plc, 'old')
  here = await startNamedHost(plc, 'here')
})
afterAll(async () => {
  await old.stop()
  await here.stop()
  await plc.stop()
})

async function signInHere(did: string): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: here.origin })
  await agent.login({ identifier: did, password: NEW_PASSWORD })
  return agent
}

test('the first run ends where a code has to come by mail; the second, with the code, ends the move', async () => {
  const from = await fillAccount(old.origin, 'mover.old.test', { records: 60, blobs: 5 })
  const did = from.assertDid
  const before = await contentsOf(from)
  const state = makeFolder()
  const move = { to: here.origin, plc: plc.url, state }
  const args = ['--new-handle', 'mover.here.test']
  const first = await startMigration(did, { ...move, args }).ended
  expect(first.output).toContain('has mailed a code to mover.old.test@example.com')
  expect(first.code).toBe(1)
  const { token } = await mailTo(old.origin, 'mover.old.test@example.com', /./)
  const second = await startMigration(did, { ...move, args: [...args, '--plc-code', token] }).ended
  console.log(first.output, second.output)
  expect(second.code).toBe(0)
  const to = await signInHere(did)
  expect(await contentsOf(to)).toEqual(before)
})
