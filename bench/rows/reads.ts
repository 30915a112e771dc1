/** Rows that read records. Keys and cursors are spread over the whole repository. */
import type { Workload } from '../load/drive.ts'
import { sequence } from '../load/post.ts'
import { COLLECTION, type Repo } from '../load/repo.ts'
import type { Row } from './row.ts'

function getRecord(repo: Repo): Workload {
  const pick = sequence()
  return {
    next: () => async () => {
      const rkey = repo.keys[pick(repo.keys.length)] ?? ''
      await repo.client.call({
        method: 'com.atproto.repo.getRecord',
        params: { repo: repo.account.did, collection: COLLECTION, rkey },
      })
      return 1
    },
  }
}

const listRecords =
  (limit: number) =>
  (repo: Repo): Workload => {
    const pick = sequence()
    const cursors = repo.keys.toSorted().slice(limit)
    return {
      next: () => async () => {
        const cursor = cursors[pick(cursors.length)] ?? ''
        // Not parsed: at this rate the client would be measured too.
        await repo.client.drain({
          method: 'com.atproto.repo.listRecords',
          params: { repo: repo.account.did, collection: COLLECTION, limit, cursor },
        })
        return 1
      },
    }
  }

function getRepo(repo: Repo): Workload {
  return {
    next: () => async () => {
      const bytes = await repo.client.drain({
        method: 'com.atproto.sync.getRepo',
        params: { did: repo.account.did },
      })
      return bytes / 1e6
    },
  }
}

export const readRows: Row[] = [
  { name: 'getRecord', unit: 'ops/s', connections: 1, workload: getRecord },
  { name: 'getRecord-16', unit: 'ops/s', connections: 16, workload: getRecord },
  { name: 'listRecords-50', unit: 'ops/s', connections: 1, workload: listRecords(50) },
  { name: 'listRecords-100', unit: 'ops/s', connections: 1, workload: listRecords(100) },
  { name: 'getRepo', unit: 'MB/s', connections: 1, workload: getRepo },
]
