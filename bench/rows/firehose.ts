/** From sending createRecord to the arrival of its frame on the firehose. */
import type { Workload } from '../load/drive.ts'
import { Frames } from '../load/frames.ts'
import { creation, deleteAll, type Repo, rkey } from '../load/repo.ts'
import type { Row } from './row.ts'

interface Created {
  uri: string
  commit: { rev: string }
}

/**
 * Writes at the start of a turn that do not count. The reference looks for events at intervals that double
 * while there are none, up to a second: after the other server's turn, its first write would measure that.
 */
const WARM_UP = 10

function firehose(repo: Repo): Workload {
  let frames: Frames | undefined
  const made: string[] = []
  const write = async () => {
    const sent = performance.now()
    const { body } = await repo.client.call<Created>(creation(repo))
    made.push(rkey(body.uri))
    const arrived = await frames?.withRev(body.commit.rev)
    return { amount: 1, ms: (arrived ?? Number.NaN) - sent }
  }
  return {
    async before() {
      frames = await Frames.open(repo.origin)
      for (let count = 0; count < WARM_UP; count += 1) await write()
    },
    next: () => write,
    async after() {
      frames?.close()
      await deleteAll(repo, made.splice(0))
    },
  }
}

export const firehoseRows: Row[] = [
  { name: 'firehose', unit: 'ops/s', connections: 1, workload: firehose, once: true },
]
