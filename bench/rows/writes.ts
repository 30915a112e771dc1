/** Rows that write records. What they add is taken away again, so that the size stays what it says. */
import type { Workload } from '../load/drive.ts'
import { post, sequence } from '../load/post.ts'
import {
  BATCH,
  COLLECTION,
  creates,
  creation,
  deleteAll,
  deletion,
  fill,
  type Repo,
  rkey,
} from '../load/repo.ts'
import type { Row } from './row.ts'

function createRecord(repo: Repo): Workload {
  const made: string[] = []
  return {
    next: () => async () => {
      const { body } = await repo.client.call<{ uri: string }>(creation(repo))
      made.push(rkey(body.uri))
      return 1
    },
    after: () => deleteAll(repo, made.splice(0)),
  }
}

function putRecord(repo: Repo): Workload {
  const pick = sequence()
  const { did, token } = repo.account
  return {
    next: () => async () => {
      const key = repo.keys[pick(repo.keys.length)]
      await repo.client.call({
        method: 'com.atproto.repo.putRecord',
        token,
        input: { repo: did, collection: COLLECTION, rkey: key, record: post() },
      })
      return 1
    },
  }
}

/** Deletes posts from all over the repository; as many new ones take their place. */
function deleteRecord(repo: Repo): Workload {
  const pick = sequence()
  const size = repo.keys.length
  return {
    next() {
      // A quarter is left, so that picking stays cheap and the tree stays of its depth.
      if (repo.keys.length <= size / 4) return undefined
      const at = pick(repo.keys.length)
      const key = repo.keys[at] ?? ''
      repo.keys[at] = repo.keys.at(-1) ?? ''
      repo.keys.pop()
      return async () => {
        await repo.client.call(deletion(repo, key))
        return 1
      }
    },
    after: () => fill(repo, size),
  }
}

function applyWrites(repo: Repo): Workload {
  const made: string[] = []
  return {
    next: () => async () => {
      const { body } = await repo.client.call<{ results: { uri: string }[] }>(creates(repo, BATCH))
      made.push(...body.results.map(({ uri }) => rkey(uri)))
      return BATCH
    },
    after: () => deleteAll(repo, made.splice(0)),
  }
}

export const writeRows: Row[] = [
  { name: 'createRecord', unit: 'ops/s', connections: 1, workload: createRecord },
  { name: 'createRecord-16', unit: 'ops/s', connections: 16, workload: createRecord },
  { name: 'putRecord', unit: 'ops/s', connections: 1, workload: putRecord },
  { name: 'deleteRecord', unit: 'ops/s', connections: 1, workload: deleteRecord },
  { name: 'applyWrites', unit: 'records/s', connections: 1, workload: applyWrites },
]
