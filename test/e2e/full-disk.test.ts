/** A host whose disk is full says so, and everything can still be read. Takes a file system of its own. */
import { execFileSync } from 'node:child_process'
import {
  closeSync,
  globSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { operatorOf } from '../support/accounts.ts'
import { HANDLE, PASSWORD, startServer, type TestServer, workerdPidOf } from '../support/server.ts'

/** Bytes; some more than what the server keeps free. */
const DISK = 64 * 1024 * 1024

const disk = mkdtempSync(join(tmpdir(), 'cumulus-disk-'))

/** Whether this user may mount, as root may on most machines. */
function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const isMounted = mount()
if (!isMounted) console.warn('skipped: no file system can be mounted here')

const filler = join(disk, 'filler')

/** Takes what room there is, to the last page. */
function fill(): void {
  const file = openSync(filler, 'a')
  for (const size of [1024 * 1024, 4096, 1]) {
    try {
      while (true) writeSync(file, Buffer.alloc(size))
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC')
    }
  }
  closeSync(file)
}

/** Of a process that has ended and that nobody has asked for yet it is empty. */
const commandLine = (pid: number): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8')

let lastStatus = 0
const watchedFetch: typeof fetch = async (...request) => {
  const response = await fetch(...request)
  lastStatus = response.status
  return response
}

describe.runIf(isMounted)('with a full disk', () => {
  let server: TestServer
  let agent: AtpAgent
  let did: string
  let cid: string

  beforeAll(async () => {
    server = await startServer({ dataDirectory: join(disk, 'data') })
    agent = new AtpAgent({ service: server.origin, fetch: watchedFetch })
    await agent.login({ identifier: HANDLE, password: PASSWORD })
    did = agent.assertDid
    const { data } = await agent.uploadBlob(Buffer.from('a blob'), { encoding: 'text/plain' })
    cid = data.blob.ref.toString()
    await write({ text: 'before', blob: data.blob })
    fill()
  })
  afterAll(async () => {
    await server?.stop()
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true })
  })

  const write = (record: object) =>
    agent.com.atproto.repo.createRecord({
      repo: did,
      collection: 'com.example.note',
      record: { ...record },
    })

  const health = async () => {
    const response = await fetch(`${server.origin}/xrpc/_health`)
    return { status: response.status, body: await response.json() }
  }

  async function expectReadable(): Promise<void> {
    const collection = 'com.example.note'
    const { data } = await agent.com.atproto.repo.listRecords({ repo: did, collection })
    expect(data.records.map(({ value }) => value)).toMatchObject([{ text: 'before' }])
    expect((await agent.com.atproto.server.getSession()).data.did).toBe(did)
    expect((await agent.com.atproto.sync.getRepo({ did })).data.byteLength).toBeGreaterThan(0)
    const blob = await fetch(
      `${server.origin}/xrpc/com.atproto.sync.getBlob?${new URLSearchParams({ did, cid })}`,
    )
    expect(await blob.text()).toBe('a blob')
  }

  /** The official client knows no 507, and makes a 500 of it. */
  async function expectRefused(answer: Promise<unknown>): Promise<void> {
    await expect(answer).rejects.toMatchObject({ error: 'InsufficientStorage' })
    expect(lastStatus).toBe(507)
  }

  test('what is stored can be read, also while writes fail, whose error says why', async () => {
    await expectReadable()
    for (let round = 0; round < 3; round++) {
      await expectRefused(write({ text: 'x'.repeat(50_000) }))
      await expectReadable()
    }
  })

  test('signing in, which is no different from writing when there is no room at all, says so as well', async () => {
    const other = new AtpAgent({ service: server.origin, fetch: watchedFetch })
    const signIn = other.login({ identifier: HANDLE, password: PASSWORD })
    await expectRefused(signIn)
    await expectReadable()
  })

  test('uploads and new accounts are refused before they begin', async () => {
    await vi.waitFor(async () => expect((await health()).status).toBe(503))
    const upload = agent.uploadBlob(Buffer.from('another'), { encoding: 'text/plain' })
    await expectRefused(upload)
    const account = agent.com.atproto.server.createAccount(
      { handle: 'bob.test', did: 'did:web:bob.test', password: 'a long password' },
      { headers: { authorization: operatorOf(server) }, encoding: 'application/json' },
    )
    await expectRefused(account)
    await expectReadable()
  })

  test('the health page says it, for whoever watches the host', async () => {
    await vi.waitFor(async () => expect((await health()).status).toBe(503))
    expect((await health()).body).toMatchObject({
      version: expect.any(String),
      firehose: { head: expect.any(Number) },
      error: 'InsufficientStorage',
    })
  })

  test('a server that ended comes back and can be read', async () => {
    const before = workerdPidOf(server)
    process.kill(server.pid, 'SIGSTOP')
    process.kill(before, 'SIGKILL')
    await vi.waitFor(() => expect(commandLine(before)).toBe(''))
    // As where it was filled by an earlier release, which had none.
    rmSync(join(server.dataDirectory, 'workerd.capnp.bin'))
    fill()
    process.kill(server.pid, 'SIGCONT')
    await vi.waitFor(() => expect([0, before]).not.toContain(workerdPidOf(server)))
    await vi.waitFor(async () => expect((await health()).status).toBe(503))
    expect(commandLine(workerdPidOf(server))).toMatch(/workerd\.capnp\0$/)
    await expectReadable()
  })

  test('nothing is corrupt', async () => {
    await server.stop()
    const databases = globSync('objects/**/*.sqlite', { cwd: server.dataDirectory })
    expect(databases.length).toBeGreaterThan(5)
    for (const name of databases) {
      const database = new DatabaseSync(join(server.dataDirectory, name), { readOnly: true })
      expect([name, database.prepare('PRAGMA integrity_check').all()]).toEqual([
        name,
        [{ integrity_check: 'ok' }],
      ])
      database.close()
    }
    const port = Number(new URL(server.origin).port)
    server = await startServer({ dataDirectory: server.dataDirectory, port })
    await expectReadable()
  })

  test('with room again everything goes on, the firehose too', async () => {
    const { head } = (await health()).body.firehose
    rmSync(filler)
    await vi.waitFor(async () => expect((await health()).status).toBe(200))
    await write({ text: 'after' })
    await vi.waitFor(async () => expect((await health()).body.firehose.head).toBeGreaterThan(head))
  })
})
