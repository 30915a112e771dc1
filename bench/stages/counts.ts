/** Rows read and rows written by one request, as Cumulus says in development mode. */

import type { Cleanup } from '../cleanup.ts'
import type { Answer, Call } from '../load/client.ts'
import { post, sequence } from '../load/post.ts'
import {
  BATCH,
  COLLECTION,
  creates,
  creation,
  deleteAll,
  deletion,
  openRepo,
  type Repo,
  rkey,
} from '../load/repo.ts'
import { median } from '../load/stats.ts'
import { step } from '../progress.ts'
import type { Result } from '../report/result.ts'
import { Cumulus } from '../servers/cumulus.ts'
import { start } from '../servers/server.ts'
import type { Side } from './side.ts'

export interface Counts {
  /** Undefined where the server does not say, or has no such method. */
  read: number | undefined
  written: number | undefined
}

const READ = 'x-cumulus-rows-read'
const WRITTEN = 'x-cumulus-rows-written'
/** Requests of a kind; the median counts. */
const REQUESTS = 15

export type Headers = Answer<unknown>['headers']

/** Counts on every repository of Cumulus, which must not be running, with its data in `dataDirectory`. */
export async function countAll(
  { repos }: Side,
  dataDirectory: string,
  cleanup: Cleanup,
): Promise<Result['counts']> {
  const running = await start(new Cumulus({ dataDirectory, devMode: true }), cleanup)
  const counts: Result['counts'] = []
  for (const [size, { account, keys }] of repos) {
    const repo = openRepo(running, account, keys)
    counts.push({ size, kinds: await countRows(repo) })
    await repo.client.close()
  }
  await running.stop()
  return counts
}

/** Counts for each kind of request on one repository, which is left as it was. */
async function countRows(repo: Repo): Promise<Record<string, Counts>> {
  const { did, token } = repo.account
  const pick = sequence(7)
  const anyKey = () => repo.keys[pick(repo.keys.length)] ?? ''
  const made: string[] = []
  const create = async () => {
    const { body, headers } = await repo.client.call<{ uri: string }>(creation(repo))
    made.push(rkey(body.uri))
    return headers
  }
  const createMany = async () => {
    const answer = await repo.client.call<{ results: { uri: string }[] }>(creates(repo, BATCH))
    made.push(...answer.body.results.map(({ uri }) => rkey(uri)))
    return answer.headers
  }
  const simply = (call: () => Call) => async () => (await repo.client.call(call())).headers
  const kinds: [string, () => Promise<Headers>][] = [
    ['createRecord', create],
    [
      'putRecord',
      simply(() => ({
        method: 'com.atproto.repo.putRecord',
        token,
        input: { repo: did, collection: COLLECTION, rkey: anyKey(), record: post() },
      })),
    ],
    ['deleteRecord', simply(() => deletion(repo, made.pop() ?? ''))],
    [`applyWrites of ${BATCH}`, createMany],
    [
      'getRecord',
      simply(() => ({
        method: 'com.atproto.repo.getRecord',
        params: { repo: did, collection: COLLECTION, rkey: anyKey() },
      })),
    ],
    ['listRecords of 50', simply(() => page(did, 50, anyKey()))],
    ['listRecords of 100', simply(() => page(did, 100, anyKey()))],
  ]
  const counts: Record<string, Counts> = {}
  for (const [kind, request] of kinds) {
    step(`counting rows, ${repo.keys.length} records`, kind)
    counts[kind] = await countKind(request)
  }
  await deleteAll(repo, made)
  return counts
}

/** What one request of a kind costs. */
export async function countKind(request: () => Promise<Headers>): Promise<Counts> {
  const answers: Headers[] = []
  try {
    for (let count = 0; count < REQUESTS; count += 1) answers.push(await request())
  } catch {
    return { read: undefined, written: undefined }
  }
  const middle = (header: string) => {
    const values = answers.flatMap((headers) => headers[header] ?? []).map(Number)
    return values.length === answers.length ? median(values) : undefined
  }
  return { read: middle(READ), written: middle(WRITTEN) }
}

const page = (repo: string, limit: number, cursor: string): Call => ({
  method: 'com.atproto.repo.listRecords',
  params: { repo, collection: COLLECTION, limit, cursor },
})
