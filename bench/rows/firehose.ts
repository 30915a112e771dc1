/** From sending createRecord to the arrival of its frame on the firehose. */
import type { Workload } from '../load/drive.ts'
import { Frames } from '../load/frames.ts'
import { creation, deleteAll, type Repo, rkey } from '../load/repo.ts'
import type { Row } from './row.ts'

interface Created {
  uri: string
  commit: { rev: string }
}

function firehose(repo: Repo): Workload {
  let frames: Frames | undefined
  const made: string[] = []
  return {
    async before() {
      frames = await Frames.open(repo.origin)
    },
    next: () => async () => {
      const sent = performance.now()
      const { body } = await repo.client.call<Created>(creation(repo))
      made.push(rkey(body.uri))
      const arrived = await frames?.withRev(body.commit.rev)
      return { amount: 1, ms: (arrived ?? Number.NaN) - sent }
    },
    async after() {
      frames?.close()
      await deleteAll(repo, made.splice(0))
    },
  }
}

export const firehoseRows: Row[] = [
  { name: 'firehose', unit: 'ops/s', connections: 1, workload: firehose, once: true },
]
