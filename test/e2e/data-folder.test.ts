/** Who may read what the server keeps on this machine. */
import { chmodSync, lstatSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeAccounts } from '../support/accounts.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** Everything in a folder, itself included, with its permissions: `blobs/x 600`. */
function modes(folder: string, path = '.'): string[] {
  // A server that runs removes files of its own.
  const stats = lstatSync(join(folder, path), { throwIfNoEntry: false })
  if (!stats) return []
  const own = `${path} ${(stats.mode & 0o777).toString(8)}`
  if (!stats.isDirectory()) return [own]
  return [
    own,
    ...readdirSync(join(folder, path)).flatMap((name) => modes(folder, join(path, name))),
  ]
}

const openToOthers = (folder: string) => modes(folder).filter((line) => !/ [67]00$/.test(line))

async function writeSomething(server: TestServer): Promise<void> {
  const [account] = await makeAccounts(server, 1)
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.uploadBlob`, {
    method: 'POST',
    headers: { authorization: `Bearer ${account?.accessJwt}`, 'content-type': 'text/plain' },
    body: 'a blob',
  })
  expect(response.status).toBe(200)
}

test('everything in the data folder is its owner’s only, whatever the umask', async () => {
  const dataDirectory = join(mkdtempSync(join(tmpdir(), 'cumulus-')), 'data')
  const umask = process.umask(0)
  const server = await startServer({ dataDirectory }).finally(() => process.umask(umask))
  await writeSomething(server)
  const all = modes(dataDirectory)
  expect(all.some((line) => line.startsWith('blobs/did_'))).toBe(true)
  expect(all.some((line) => line.includes('.sqlite-wal'))).toBe(true)
  expect(openToOthers(dataDirectory)).toEqual([])
  await server.stop()
})

test('a folder that an earlier release made is mended at the start, which says so', async () => {
  const server = await startServer()
  const { dataDirectory } = server
  await writeSomething(server)
  await server.stop()
  for (const line of modes(dataDirectory)) {
    const path = line.slice(0, line.lastIndexOf(' '))
    chmodSync(join(dataDirectory, path), line.endsWith('700') ? 0o755 : 0o644)
  }
  const again = await startServer({ dataDirectory })
  expect(again.output).toContain('was open to other users of this machine')
  expect(openToOthers(dataDirectory)).toEqual([])
  await again.stop()
  const third = await startServer({ dataDirectory })
  expect(third.output).not.toContain('was open to other users')
  await third.stop()
})

test('a folder that a server has is refused to another one, until the first has ended in whatever way', async () => {
  const server = await startServer()
  const { dataDirectory } = server
  await expect(startServer({ dataDirectory })).rejects.toThrow(
    `Another server runs with the data in ${dataDirectory}`,
  )
  await server.stop('SIGKILL')
  const next = await startServer({ dataDirectory })
  expect(next.output).not.toContain('ExperimentalWarning')
  await next.stop()
})
