import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDiskSpace } from './disk-space.ts'
import type { UnixService } from './unix-service.ts'

let folder: string
let service: UnixService

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cumulus-test-'))
  mkdirSync(join(folder, 'blobs', 'did_3Aweb_3Aalice.test'), { recursive: true })
  writeFileSync(join(folder, 'blobs', 'did_3Aweb_3Aalice.test', 'a-1'), 'x')
  writeFileSync(join(folder, 'secret'), 'x')
  service = await startDiskSpace(folder, () => ({ pid: process.pid, restarts: 0, startedAt: 1 }))
})

afterAll(() => {
  service.stop()
  rmSync(folder, { recursive: true })
})

/** @returns status and text */
const ask = (path: string, method = 'GET') =>
  new Promise<[number | undefined, string]>((resolve, reject) => {
    request({ socketPath: service.socket, path, method }, async (response) => {
      let text = ''
      for await (const chunk of response) text += chunk
      resolve([response.statusCode, text])
    })
      .on('error', reject)
      .end()
  })

test('says how much is free, and what else the server does not see', async () => {
  const [status, free] = await ask('/')
  expect(status).toBe(200)
  expect(Number(free)).toBeGreaterThan(0)
  expect(JSON.parse((await ask('/facts'))[1])).toMatchObject({ restarts: 0, startedAt: 1 })
})

test('syncs the file of a blob, again too, and says when it is not there', async () => {
  for (let n = 0; n < 2; n++) {
    expect(await ask('/sync/did_3Aweb_3Aalice.test/a-1', 'POST')).toEqual([204, ''])
  }
  for (const key of ['did_3Aweb_3Aalice.test/b', 'did_3Aweb_3Abob.test/a-1']) {
    expect((await ask(`/sync/${key}`, 'POST'))[0]).toBe(500)
  }
})

test('touches nothing but files of blobs', async () => {
  for (const key of ['../secret', 'did_3Aweb_3Aalice.test/../../secret', 'a-1', '', '%2e%2e/x']) {
    expect((await ask(`/sync/${key}`, 'POST'))[0], key).toBe(500)
  }
})
