/** `cumulus migrate` beside real hosts: accounts to move, runs that are ended half way, and lines that break. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { exifSegment, jpeg, tiff } from '../../src/testing/image-samples.ts'
import type { Ran } from './command.ts'
import { PROJECT } from './project.ts'
import { freePort } from './server.ts'

export const OLD_PASSWORD = 'the password at the old host'
export const NEW_PASSWORD = 'the password at the new host'

/** It says where it was taken. */
const PHOTO = jpeg(exifSegment(tiff({ gps: [0, 1, 2, 3, 4] })))

export interface Migration {
  /** Kills it; resolves when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<void>
  ended: Promise<Ran & { stdout: string }>
  child: ChildProcess
}

export const makeFolder = (): string => join(mkdtempSync(join(tmpdir(), 'migrate-')), 'state')

/** Starts `cumulus migrate` with what whoever moves would type. */
export function startMigration(
  account: string,
  options: {
    to: string
    plc: string
    state: string
    args?: readonly string[]
    env?: Record<string, string>
  },
): Migration {
  const { to, plc, state, args = [], env } = options
  const all = ['migrate', account, '--host', to, '--state', state, ...args]
  const child = spawn(process.execPath, [join(PROJECT, 'cli/cumulus.ts'), ...all], {
    env: {
      PATH: process.env.PATH,
      PDS_DID_PLC_URL: plc,
      PDS_DEV_MODE: 'true',
      PDS_ADMIN_PASSWORD: 'none',
      CUMULUS_OLD_PASSWORD: OLD_PASSWORD,
      CUMULUS_NEW_PASSWORD: NEW_PASSWORD,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let stdout = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString()
    output += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const ended = new Promise<Ran & { stdout: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, output, stdout })),
  )
  return {
    child,
    ended,
    async kill(signal = 'SIGKILL') {
      child.kill(signal)
      await ended
    },
  }
}

/** An account with so many records and blobs, and preferences. */
export async function fillAccount(
  origin: string,
  handle: string,
  { records, blobs }: { records: number; blobs: number },
  more: { recoveryKey?: string } = {},
): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: origin })
  const email = `${handle}@example.com`
  await agent.createAccount({ handle, email, password: OLD_PASSWORD, ...more })
  const repo = agent.assertDid
  const create = (collection: string, value: Record<string, unknown>) => ({
    $type: 'com.atproto.repo.applyWrites#create' as const,
    collection,
    value: { $type: collection, ...value },
  })
  const writes = Array.from({ length: records - blobs - 1 }, (_, n) =>
    create('app.bsky.feed.post', { text: `post ${n}`, createdAt: new Date().toISOString() }),
  )
  for (let n = 0; n < blobs; n += 10) {
    const some = Array.from({ length: Math.min(10, blobs - n) }, async (_, m) => {
      // Of several sizes, some of them larger than one piece of a stream.
      const bytes = new Uint8Array(100 + ((n + m) % 7) * 40_000).fill(n + m)
      new DataView(bytes.buffer).setUint32(0, n + m)
      const encoding = 'application/octet-stream'
      const { data } = await (n + m === 0
        ? agent.uploadBlob(PHOTO, { encoding: 'image/jpeg' })
        : agent.uploadBlob(bytes, { encoding }))
      return create('com.example.file', { name: `file ${n + m}`, blob: data.blob })
    })
    writes.push(...(await Promise.all(some)))
  }
  for (let n = 0; n < writes.length; n += 200) {
    await agent.com.atproto.repo.applyWrites({ repo, writes: writes.slice(n, n + 200) })
  }
  await agent.upsertProfile(() => ({ displayName: 'Somebody who moves' }))
  await agent.app.bsky.actor.putPreferences({
    preferences: [{ $type: 'app.bsky.actor.defs#interestsPref', tags: ['moving'] }],
  })
  return agent
}

/** A line to a host that can be cut at any time. */
export interface Line {
  origin: string
  /** Ends all connections at once; new ones go through again. */
  cut(): void
  stop(): Promise<void>
}

export async function startLine(target: string): Promise<Line> {
  const { hostname, port } = new URL(target)
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const host = connect({ host: hostname, port: Number(port) })
    for (const socket of [client, host]) {
      open.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        open.delete(socket)
        client.destroy()
        host.destroy()
      })
    }
    client.pipe(host).pipe(client)
  })
  const own = await freePort()
  await new Promise<void>((resolve) => server.listen(own, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    origin: `http://127.0.0.1:${own}`,
    cut,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      cut()
      await closed
    },
  }
}
