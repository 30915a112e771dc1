import { describe, expect, test, vi } from 'vitest'
import type { Write } from '../../storage/account/writes.ts'
import { StorageError } from '../../storage/error.ts'
import {
  type AccountParts,
  forgetEvents,
  record,
  waitingEvents,
  withAccount,
  withoutAccount,
} from '../../testing/account-parts.ts'
import { standIn } from '../../testing/stand-in.ts'
import { Blobs } from './blobs.ts'
import type { Keys } from './keys.ts'
import { Repository } from './repository.ts'
import type { Sessions } from './sessions.ts'

const collection = 'com.example.note'

const refused = (name: string) => expect.objectContaining({ name })

/** The repository, with a key that is at hand and sessions that are all open. */
function repositoryOf(
  { core, repo, key }: AccountParts,
  {
    current = async () => key,
    assertAuthorized = () => undefined,
  }: Partial<Pick<Keys, 'current'> & Pick<Sessions, 'assertAuthorized'>> = {},
): Repository {
  const keys = standIn<Keys>({ current, publicKey: async () => key.did() })
  return new Repository(core, repo, keys, { assertAuthorized })
}

const put = (rkey: string, text: string): Write => ({
  action: 'put',
  collection,
  rkey,
  record: record(text),
})

const bytesOf = async (stream: ReadableStream<Uint8Array>) =>
  new Uint8Array(await new Response(stream).arrayBuffer())

const streamOf = (bytes: Uint8Array) => new Blob([bytes]).stream() as ReadableStream<Uint8Array>

describe('a write', () => {
  test('starts background jobs only when something was committed', () =>
    withAccount(async (parts) => {
      const { core } = parts
      const repository = repositoryOf(parts)
      expect((await repository.write({ writes: [put('a', '1')] })).commit).toBeDefined()
      expect(core.changed).toHaveBeenCalledTimes(1)
      expect((await repository.write({ writes: [put('a', '1')] })).commit).toBeUndefined()
      expect(core.changed).toHaveBeenCalledTimes(1)
      const swapCommit = record('another commit').cid
      await expect(repository.write({ writes: [put('a', '2')], swapCommit })).rejects.toMatchObject(
        refused('InvalidSwap'),
      )
      expect(core.changed).toHaveBeenCalledTimes(1)
    }))

  test('is stored, or refused, on its own where others come with it', () =>
    withAccount(async (parts) => {
      const repository = repositoryOf(parts)
      const rkeys = Array.from({ length: 16 }, (_, index) => `k${index % 15}`)
      const written = await Promise.allSettled(
        rkeys.map((rkey) =>
          repository.write({
            writes: [{ action: 'create', collection, rkey, record: record(rkey) }],
          }),
        ),
      )
      const revs = written.map((one) => one.status === 'fulfilled' && one.value.commit?.rev)
      expect(revs).toEqual([...new Set(revs.slice(0, 15)), false])
      expect(revs.slice(0, 15)).toEqual(revs.slice(0, 15).toSorted())
      expect(waitingEvents(parts)).toEqual(Array(15).fill('#commit'))
      expect(repository.latestCommit().rev).toBe(revs[14])
    }))

  test('is refused when the session ends while the key is waited for', () =>
    withAccount(async (parts) => {
      const { promise, resolve } = Promise.withResolvers<AccountParts['key']>()
      let isOpen = true
      const assertAuthorized = vi.fn(() => {
        if (!isOpen) throw new StorageError('ExpiredToken', 'Token has been revoked')
      })
      const repository = repositoryOf(parts, { current: () => promise, assertAuthorized })
      const before = parts.repo.headStrings()
      const writing = repository.write({ writes: [put('a', '1')] }, 'session')
      isOpen = false
      resolve(parts.key)
      await expect(writing).rejects.toMatchObject(refused('ExpiredToken'))
      expect(assertAuthorized).toHaveBeenCalledWith('session')
      expect(parts.repo.headStrings()).toEqual(before)
      expect(parts.core.changed).not.toHaveBeenCalled()
    }))

  test('is refused while the account is deactivated, in which others do not read either', () =>
    withAccount(
      async (parts) => {
        const repository = repositoryOf(parts)
        await expect(repository.write({ writes: [put('a', '1')] })).rejects.toMatchObject(
          refused('AccountDeactivated'),
        )
        const reads = [
          () => repository.getRecord(collection, 'a'),
          () => repository.listRecords({ collection, limit: 1 }),
          () => repository.latestCommit(),
          () => repository.exportCar(),
          () => repository.proveRecord(collection, 'a'),
          () => repository.getBlocks([]),
        ]
        for (const read of reads) expect(read).toThrow(refused('RepoDeactivated'))
        await expect(repository.identity()).rejects.toMatchObject(refused('RepoDeactivated'))
        expect((await repository.identity(true)).signingKey).toBe(parts.key.did())
        expect(repository.latestCommit(true)).toEqual(parts.repo.headStrings())
        expect(repository.status().status).toBe('deactivated')
      },
      { status: 'deactivated' },
    ))
})

describe('an import', () => {
  /** A repository with one record, as a CAR file. */
  async function exported(parts: AccountParts): Promise<Uint8Array> {
    const repository = repositoryOf(parts)
    await repository.write({ writes: [put('a', 'imported')] })
    return bytesOf(repository.exportCar())
  }

  const stagingTables = ({ sql }: AccountParts) =>
    sql.exec("SELECT name FROM sqlite_schema WHERE name LIKE 'import_%'").toArray()

  test('takes the place of what was there, and is told of only where the account is active', () =>
    withAccount(async (source) => {
      const car = await exported(source)
      for (const status of ['active', 'deactivated'] as const) {
        await withAccount(
          async (parts) => {
            // The account is older than what it imports.
            parts.sql.exec("UPDATE head SET rev = '2222222222222'")
            parts.repo.clearCache()
            await repositoryOf(parts).importCar(streamOf(car), [source.key.did()])
            expect(parts.repo.records.get(collection, 'a').cid).toEqual(record('imported').cid)
            expect(waitingEvents(parts)).toEqual(status === 'active' ? ['#sync'] : [])
            expect(parts.core.changed).toHaveBeenCalledOnce()
            expect(stagingTables(parts)).toEqual([])
          },
          { status },
        )
      }
    }))

  test('that is no repository leaves everything as it was', () =>
    withAccount(async (parts) => {
      const repository = repositoryOf(parts)
      await repository.write({ writes: [put('a', '1')] })
      forgetEvents(parts)
      parts.core.changed.mockClear()
      const before = parts.repo.headStrings()
      const nonsense = streamOf(new Uint8Array([1, 2, 3]))
      await expect(repository.importCar(nonsense, [])).rejects.toMatchObject(
        refused('InvalidRequest'),
      )
      expect(parts.repo.headStrings()).toEqual(before)
      expect(parts.core.changed).not.toHaveBeenCalled()
      expect(stagingTables(parts)).toEqual([])
    }))

  test('is refused beside another one, and possible again when that is over', () =>
    withAccount(async (parts) => {
      const repository = repositoryOf(parts)
      const { readable, writable } = new IdentityTransformStream()
      const first = repository.importCar(readable, [])
      const second = repository.importCar(streamOf(new Uint8Array()), [])
      await expect(second).rejects.toMatchObject({ message: 'An import is running already' })
      const ended = expect(first).rejects.toMatchObject(refused('InvalidRequest'))
      await writable.close()
      await ended
      await expect(repository.importCar(streamOf(new Uint8Array()), [])).rejects.not.toMatchObject({
        message: 'An import is running already',
      })
    }))
})

describe('a blob', () => {
  const blob = { cid: 'bafkreiblob', key: 'key', mimeType: 'text/plain', size: 1 }

  test('is noted for an account, and for nobody else', async () => {
    await withoutAccount((parts) => {
      const blobs = new Blobs(parts.core, parts.blobIndex)
      expect(() => blobs.add(blob)).toThrow(refused('RepoNotFound'))
      expect(parts.blobIndex.nextExpiry()).toBeUndefined()
    })
    await withAccount((parts) => {
      new Blobs(parts.core, parts.blobIndex).add(blob)
      expect(parts.blobIndex.nextExpiry()).toBeGreaterThan(Date.now())
      // So that it is deleted when it expires, or at once where it is here already.
      expect(parts.core.changed).toHaveBeenCalledOnce()
    })
  })

  test('may be noted twice, as after a lost answer, and its bytes stay', () =>
    withAccount((parts) => {
      const blobs = new Blobs(parts.core, parts.blobIndex)
      blobs.add(blob)
      blobs.add(blob)
      expect(parts.blobIndex.keysToDelete(10)).toEqual([])
      blobs.add({ ...blob, key: 'another upload' })
      expect(parts.blobIndex.keysToDelete(10)).toEqual(['another upload'])
    }))

  test('is to be had once a record refers to it', () =>
    withAccount((parts) => {
      const blobs = new Blobs(parts.core, parts.blobIndex)
      blobs.add(blob)
      expect(() => blobs.get(blob.cid)).toThrow(refused('BlobNotFound'))
      expect(blobs.list({ limit: 10 })).toEqual([])
      parts.blobIndex.setReferences(new Map([['com.example.note/a', [blob]]]))
      expect(blobs.get(blob.cid)).toEqual(blob)
      expect(blobs.list({ limit: 10 })).toEqual([blob.cid])
    }))

  test('of an account that is taken down is for its owner only', () =>
    withAccount(
      (parts) => {
        const blobs = new Blobs(parts.core, parts.blobIndex)
        blobs.add(blob)
        parts.blobIndex.setReferences(new Map([['com.example.note/a', [blob]]]))
        expect(() => blobs.get(blob.cid)).toThrow(refused('RepoTakendown'))
        expect(() => blobs.list({ limit: 10 })).toThrow(refused('RepoTakendown'))
        expect(blobs.get(blob.cid, true)).toEqual(blob)
        expect(blobs.list({ limit: 10 }, true)).toEqual([blob.cid])
      },
      { status: 'takendown' },
    ))
})
