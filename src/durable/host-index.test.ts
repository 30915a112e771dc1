/** Rows over all accounts and hooks, fed by the sequencer's log. */
import { beforeAll, expect, test, vi } from 'vitest'
import { readerOf, useCollections } from '../testing/collections.ts'
import { callAs, makeAccount, type TestAccount } from '../testing/host.ts'

const LIKE = 'app.bsky.feed.like'

interface Told {
  did: string
  action: string
  rev: string
  uri: string
}
const told: Told[] = []

beforeAll(() =>
  useCollections({
    [LIKE]: {
      index: { byTime: ['createdAt'], bySubject: ['subject.uri', 'createdAt'] },
      afterWrite({ did, action, rev, uri }: Told) {
        told.push({ did, action, rev, uri })
      },
    } as never,
  }),
)

const likes = () => readerOf<'byTime' | 'bySubject'>(LIKE)

const CID = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'
const post = (n: number) => `at://did:web:posts.test/app.bsky.feed.post/${n}`

async function like(account: TestAccount, n: number, createdAt: string): Promise<string> {
  const answer = await callAs(account, 'com.atproto.repo.createRecord', {
    repo: account.did,
    collection: LIKE,
    record: { subject: { uri: post(n), cid: CID }, createdAt },
  })
  return ((await answer.json()) as { uri: string }).uri
}

test('records of all accounts are read in the order of an index, and hooks are told of each write', async () => {
  const [a, b] = [await makeAccount(), await makeAccount()]
  const first = await like(a, 1, '2026-01-01T00:00:00Z')
  const second = await like(b, 1, '2026-01-01T00:00:00.5Z')
  const third = await like(a, 2, '2026-01-01T02:00:01+02:00')
  await vi.waitFor(async () => {
    const { records } = await likes().byTime.page()
    expect(records.map(({ uri }) => uri)).toEqual([first, second, third])
  })
  await vi.waitFor(() =>
    expect(told.map(({ uri }) => uri).sort()).toEqual([first, second, third].sort()),
  )
})
