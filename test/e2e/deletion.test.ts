/** What a deleted account leaves on the disk of a host on plain workerd: rows, files, and the bytes between the rows. */
import { globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AtpAgent } from '@atproto/api'
import { expect, test, vi } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { SettingsSession } from '../support/browser-session.ts'
import { furnish } from '../support/move.ts'
import { startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000 })

const HANDLE = 'xyzzyplugh.test'
const EMAIL = 'quuxfrotz@example.com'
const PASSWORD = 'a long password'
/** Of the account: its name, its address, what it has written. */
const WORDS = ['xyzzyplugh', 'quuxfrotz', 'post number', 'a file of its own']

const filesOf = ({ dataDirectory }: TestServer): string[] =>
  globSync('{objects,blobs}/**/*', { cwd: dataDirectory, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))

/** Files in which one of the words stands, whichever bytes it is. */
const filesWith = (server: TestServer, words: readonly string[]): string[] =>
  filesOf(server)
    .filter((path) => words.some((word) => readFileSync(path).includes(word)))
    .map((path) => path.slice(server.dataDirectory.length + 1).replace(/[0-9a-f]{64}/, '*'))
    .sort()

/** Tables with a row in which one of the words stands. */
function tablesWith(server: TestServer, words: readonly string[]): string[] {
  const found = new Set<string>()
  for (const path of filesOf(server).filter((name) => name.endsWith('.sqlite'))) {
    using database = new DatabaseSync(path, { readOnly: true })
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all() as unknown as { name: string }[]
    for (const { name } of tables) {
      const all = database.prepare(`SELECT * FROM "${name}"`)
      all.setReadBigInts(true)
      for (const row of all.all()) {
        const text = Object.values(row)
          .map((value) =>
            value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value,
          )
          .join(' ')
        if (words.some((word) => text.includes(word))) found.add(name)
      }
    }
  }
  return [...found].sort()
}

test('the rows and files of a deleted account are gone, and with the next start the bytes between the rows', async () => {
  let server = await startServer({ env: { PDS_REGISTRATION: 'open' } })
  const { dataDirectory } = server
  const agent = new AtpAgent({ service: server.origin })
  await agent.createAccount({
    handle: HANDLE,
    did: `did:web:${HANDLE}`,
    email: EMAIL,
    password: PASSWORD,
  } as Parameters<AtpAgent['createAccount']>[0])
  await furnish(agent)
  const session = await SettingsSession.open(server.origin, HANDLE, PASSWORD)
  await session.post('/settings/email/mail-confirmation', {})
  expect(filesWith(server, WORDS).length).toBeGreaterThan(5)
  const response = await fetch(`${server.origin}/xrpc/com.atproto.admin.deleteAccount`, {
    method: 'POST',
    headers: { authorization: operatorOf(server), 'content-type': 'application/json' },
    body: JSON.stringify({ did: agent.assertDid }),
  })
  expect(response.status).toBe(200)
  // Its own database is emptied last, and a mail to it may be on its way until now.
  const kept = ['account_epoch', 'audit', 'event', 'farewell', 'source']
  await vi.waitFor(
    () => {
      expect(readdirSync(join(dataDirectory, 'blobs'))).toEqual([])
      expect(tablesWith(server, WORDS)).toEqual(kept)
    },
    { interval: 200 },
  )
  await server.stop()
  expect(tablesWith(server, WORDS)).toEqual(kept)
  expect(tablesWith(server, WORDS.slice(1))).toEqual([])

  server = await startServer({ dataDirectory })
  await server.stop()
  expect(tablesWith(server, WORDS)).toEqual(kept)
  // Neither the address nor a word that it has written is anywhere on the disk.
  expect(filesWith(server, WORDS.slice(1))).toEqual([])
  expect(filesWith(server, ['xyzzyplugh'])).toEqual([
    'objects/DirectoryObject/*.sqlite',
    'objects/OAuthObject/*.sqlite',
    'objects/SequencerObject/*.sqlite',
  ])
})
