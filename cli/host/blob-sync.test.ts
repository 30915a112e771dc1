import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { BlobSync, syncPath } from './blob-sync.ts'

test('the folder of an account is put into its own for good once, and again when the account has left and come back', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cumulus-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const synced: string[] = []
  const blobs = new BlobSync(folder, (path) => {
    synced.push(path.slice(folder.length))
    return syncPath(path)
  })
  const account = join(folder, 'did_3Aweb_3Aalice.test')
  const upload = async (name: string) => {
    mkdirSync(account, { recursive: true })
    writeFileSync(join(account, name), name)
    synced.length = 0
    await blobs.sync(`did_3Aweb_3Aalice.test/${name}`)
    return synced.toSorted()
  }
  const own = (name: string) => ['/did_3Aweb_3Aalice.test', `/did_3Aweb_3Aalice.test/${name}`]
  expect(await upload('a')).toEqual(['', ...own('a')])
  expect(await upload('b')).toEqual(own('b'))
  rmSync(account, { recursive: true })
  expect(await upload('c')).toEqual(['', ...own('c')])
  expect(await upload('d')).toEqual(own('d'))
})
