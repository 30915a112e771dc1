/** Rows that upload blobs. */
import { randomBytes } from 'node:crypto'
import type { Workload } from '../load/drive.ts'
import type { Repo } from '../load/repo.ts'
import type { Row } from './row.ts'

/** @param most - uploads per slice, so that the disk does not fill up */
const uploadBlob =
  (size: number, most: number) =>
  (repo: Repo): Workload => {
    const body = randomBytes(size)
    let left = most
    let count = 0
    return {
      async before() {
        left = most
      },
      next() {
        if (left === 0) return undefined
        left -= 1
        return async () => {
          // Another blob each time.
          body.writeUInt32LE(++count)
          await repo.client.call({
            method: 'com.atproto.repo.uploadBlob',
            token: repo.account.token,
            bytes: { type: 'application/octet-stream', body, length: size },
          })
          return size / 1e6
        }
      },
    }
  }

export const blobRows: Row[] = [
  {
    name: 'uploadBlob-500k',
    unit: 'MB/s',
    connections: 1,
    workload: uploadBlob(500_000, 200),
    once: true,
  },
  {
    name: 'uploadBlob-50M',
    unit: 'MB/s',
    connections: 1,
    workload: uploadBlob(50_000_000, 4),
    once: true,
  },
]
