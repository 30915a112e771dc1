/** `npm start` with a public host name does nothing that the network would see before it is asked to. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runCommand } from '../support/command.ts'
import { startPlc, type TestPlc } from '../support/plc.ts'
import { PROJECT } from '../support/project.ts'
import { startServer, type TestServer } from '../support/server.ts'

let plc: TestPlc
let server: TestServer
beforeAll(async () => {
  plc = await startPlc()
  server = await startServer({
    unset: true,
    env: {
      PDS_HOSTNAME: 'pds.example.com',
      PDS_DID_PLC_URL: plc.url,
      PDS_CRAWLERS: 'none',
      PDS_DISABLE_SSRF_PROTECTION: 'true',
    },
  })
})
afterAll(async () => {
  await server.stop()
  await plc.stop()
})

const repos = async () => {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.sync.listRepos`)
  return ((await response.json()) as { repos: { did: string }[] }).repos
}

test('no account is made, and it is said how to make one', async () => {
  expect(await repos()).toEqual([])
  expect(plc.requests).toEqual([])
  expect(server.output).toContain('There is no account yet')
  expect(server.output).toContain('npx cumulus account create alice.pds.example.com')
  expect(server.output).not.toMatch(/^ +(account|password) /m)
})

test('nor does it bring a PLC directory of its own', () => {
  expect(server.output).not.toMatch(/^ +plc /m)
  expect(existsSync(join(server.dataDirectory, 'plc.jsonl'))).toBe(false)
})

test('the command that is named makes the account, with a did:plc', async () => {
  const { code, output } = await runCommand(
    join(PROJECT, 'cli/cumulus.ts'),
    ['account', 'create', 'alice.pds.example.com'],
    { PDS_PORT: new URL(server.origin).port, PDS_DATA_DIRECTORY: server.dataDirectory },
  )
  expect(code).toBe(0)
  const [, did = ''] = /account +alice\.pds\.example\.com \((did:plc:\w+)\)/.exec(output) ?? []
  expect(output).toMatch(/password +\S+ +<- shown this once/)
  expect((await repos()).map((repo) => repo.did)).toEqual([did])
  expect(plc.requests).toContain(`POST /${did}`)
})

test('mistakes get a sentence that helps', async () => {
  const run = (...args: string[]) =>
    runCommand(join(PROJECT, 'cli/cumulus.ts'), ['account', 'create', ...args], {
      PDS_PORT: new URL(server.origin).port,
      PDS_DATA_DIRECTORY: server.dataDirectory,
    })
  expect(await run('alice.pds.example.com')).toEqual({
    code: 1,
    output: 'Handle already taken: alice.pds.example.com\n',
  })
  expect(await run('alice.example.org')).toMatchObject({ code: 1 })
  expect(await run('bob.pds.example.com', '--host', 'http://127.0.0.1:9')).toEqual({
    code: 1,
    output: 'No server answers at http://127.0.0.1:9: start it, or name it with --host.\n',
  })
})
