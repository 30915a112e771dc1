/** Rows over all accounts and hooks, fed by the sequencer's log. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { cidOf } from '../kernel/cbor/cid.ts'
import { type AnyCollectionDefinition, useCollectionFiles } from '../kernel/collection-files.ts'
import { hostObjects, indexStub, sequencerStub } from '../services/objects/stubs.ts'
import { readerOf, useCollections } from '../testing/collections.ts'
import { callAs, makeAccount, outcome, type TestAccount } from '../testing/host.ts'

const LIKE = 'app.bsky.feed.like'
const NOTE = 'com.example.note'
const CID = 'bafyreidykglsfhoixmivffc5uwhcgshx4j465xwqntbmu43nb2dzqwfvae'
const objects = hostObjects(env)
const by = { by: 'admin' }

interface Told {
  did: string
  action: string
  rev: string
  rkey: string
  attempt: number
  record?: { text?: string }
}
const told: Told[] = []

const likeIndexes = { byTime: ['createdAt'], bySubject: ['subject.uri', 'createdAt'] }
const like: AnyCollectionDefinition = { index: likeIndexes }
const note: AnyCollectionDefinition = {
  search: ['text'],
  errors: ['Refused'],
  attempts: 2,
  timeout: 300,
  beforeWrite({ record, refuse }: { record?: { text?: string }; refuse(name: string): never }) {
    if (record?.text === 'refuse') refuse('Refused')
    if (record?.text === 'undeclared') refuse('Undeclared')
    if (record?.text === 'break') throw new TypeError('broken')
    if (record?.text === 'wait') return Promise.reject(new Error('later'))
    return undefined
  },
  async afterWrite(write: Told) {
    told.push(write)
    const text = write.record?.text
    if (text === 'throw' || (text === 'throw once' && write.attempt === 1)) throw new Error('no')
    if (text === 'hang') await new Promise(() => undefined)
  },
} as never

/** Has the index start anew with these definitions. */
async function define(definitions: Record<string, AnyCollectionDefinition>): Promise<void> {
  await useCollections(definitions)
  await restart()
}

/** Has the index start anew, from what is stored. */
async function restart(): Promise<void> {
  // Only one that is in memory can be evicted.
  await objects.hostIndex.operator.report()
  await evictDurableObject(indexStub(env) as never)
}

beforeEach(() => define({ [LIKE]: like, [NOTE]: note }))

const likes = <Name extends string = 'byTime' | 'bySubject'>() => readerOf<Name>(LIKE)
const post = (n: number | string) => `at://did:web:posts.test/app.bsky.feed.post/${n}`

async function create(account: TestAccount, collection: string, record: object) {
  const input = { repo: account.did, collection, record }
  return callAs(account, 'com.atproto.repo.createRecord', input)
}

async function likeOf(account: TestAccount, subject: string, createdAt: string): Promise<string> {
  // Without validation, as a second like of the same would replace the first.
  const answer = await callAs(account, 'com.atproto.repo.createRecord', {
    ...{ repo: account.did, collection: LIKE, validate: false },
    record: { subject: { uri: subject, cid: CID }, createdAt },
  })
  return ((await answer.json()) as { uri: string }).uri
}

const uris = ({ records }: { records: { uri: string }[] }) => records.map(({ uri }) => uri)

/** What is liked of one subject, once it is what it should be. */
const untilLiked = (subject: string, expected: string[]) =>
  vi.waitFor(
    async () => {
      const page = await likes().bySubject.page({ where: { 'subject.uri': subject } })
      expect(uris(page)).toEqual(expected)
    },
    { interval: 30 },
  )

describe('an index', () => {
  test('is read in its order, forth and back, in ranges and from cursors', async () => {
    const [a, b] = [await makeAccount(), await makeAccount()]
    const subject = post('order')
    // Times count, not texts.
    const all = [
      await likeOf(a, subject, '2026-01-01T00:00:00Z'),
      await likeOf(b, subject, '2026-01-01T00:00:00.5Z'),
      await likeOf(a, subject, '2026-01-01T02:00:01+02:00'),
      await likeOf(b, subject, '2026-01-01T00:00:02Z'),
    ]
    await untilLiked(subject, all)
    const where = { 'subject.uri': subject }
    const { bySubject } = likes()
    const first = await bySubject.page({ where, limit: 3 })
    expect(uris(first)).toEqual(all.slice(0, 3))
    // What comes before the cursor meanwhile moves nothing.
    await likeOf(a, subject, '2025-12-31T00:00:00Z')
    expect(uris(await bySubject.page({ where, limit: 3, cursor: first.cursor }))).toEqual([all[3]])
    expect(uris(await bySubject.page({ where, limit: 1, reverse: true }))).toEqual([all[3]])
    const from = (range: object) => bySubject.page({ where: { ...where, createdAt: range } })
    expect(
      uris(await from({ from: '2026-01-01T00:00:00.5Z', before: '2026-01-01T00:00:02Z' })),
    ).toEqual(all.slice(1, 3))
    expect(uris(await from({ after: '2026-01-01T00:00:00.5Z' }))).toEqual(all.slice(2))
    await vi.waitFor(async () => expect(await bySubject.count({ where })).toBe(5))
    expect(await bySubject.count({ where, max: 2 })).toBe(2)
    const prefix = { 'subject.uri': { prefix: subject.slice(0, -2) } }
    expect(await bySubject.count({ where: prefix })).toBe(5)
    const groups = await bySubject.group([subject, post('nobody')], { limit: 1, reverse: true })
    expect([...groups].map(([uri, group]) => [uri, group.count, uris(group)])).toEqual([
      [subject, 5, [all[3]]],
      [post('nobody'), 0, []],
    ])
    const found = await likes().get([
      all[1] ?? '',
      'at://did:web:a.test/app.bsky.feed.like/none',
      '?',
    ])
    expect([...found.keys()]).toEqual([all[1]])
    await expect(bySubject.page({ where: { createdAt: '2026-01-01T00:00:00Z' } })).rejects.toThrow(
      /conditions are on its first places/,
    )
    await expect(bySubject.page({ where, cursor: 'nonsense' })).rejects.toMatchObject({
      error: 'InvalidRequest',
    })
  })

  test('does not show what was taken down, deactivated or deleted, at once', async () => {
    const account = await makeAccount()
    const subject = post('down')
    const [one = '', two = ''] = [
      await likeOf(account, subject, '2026-01-01T00:00:00Z'),
      await likeOf(await makeAccount(), subject, '2026-01-02T00:00:00Z'),
    ]
    await untilLiked(subject, [one, two])
    const seen = async () =>
      uris(await likes().bySubject.page({ where: { 'subject.uri': subject } }))
    const { lifecycle, moderation } = objects.account(account.did)
    const path = one.split('/').slice(3).join('/')
    await moderation.setRecordTakedown(path, 'x', by)
    expect(await seen()).toEqual([two])
    expect((await likes().get([one])).size).toBe(0)
    await moderation.setRecordTakedown(path, null, by)
    expect(await seen()).toEqual([one, two])
    await lifecycle.setTakedown('x')
    expect(await seen()).toEqual([two])
    expect(await likes().bySubject.count({ where: { 'subject.uri': subject } })).toBe(1)
    await lifecycle.setTakedown(null)
    expect(await seen()).toEqual([one, two])
    await lifecycle.deactivate(null)
    expect(await seen()).toEqual([two])
    await lifecycle.activate()
    await untilLiked(subject, [one, two])
    await lifecycle.destroy()
    expect(await seen()).toEqual([two])
    // And from the tables.
    await vi.waitFor(async () => {
      const left = await runInDurableObject(indexStub(env) as never, (_, { storage }) =>
        storage.sql.exec('SELECT 1 FROM account WHERE state = ?', 'deleted').toArray(),
      )
      expect(left).toEqual([])
    })
  })

  test('that is new is filled from the repositories, and the old one serves meanwhile', async () => {
    const account = await makeAccount()
    const subject = post('changed')
    const one = await likeOf(account, subject, '2026-01-01T00:00:00Z')
    await untilLiked(subject, [one])
    await define({ [LIKE]: { index: { ...likeIndexes, byAuthor: ['@did', 'createdAt'] } } })
    // What is as it was is answered in any case; what is new as soon as it can be.
    await untilLiked(subject, [one])
    const two = await likeOf(account, subject, '2026-01-02T00:00:00Z')
    await vi.waitFor(async () => {
      const page = await likes<'byAuthor'>().byAuthor.page({ where: { '@did': account.did } })
      expect(uris(page)).toEqual([one, two])
    })
    expect((await objects.hostIndex.operator.report()).collections).toEqual([
      expect.objectContaining({ collection: LIKE, serves: true }),
    ])
    // One whose place nobody has is empty, and ready.
    await define({ [LIKE]: { index: { byNothing: ['via.uri'] } } })
    await vi.waitFor(async () =>
      expect(await likes<'byNothing'>().byNothing.page()).toEqual({ records: [] }),
    )
    await expect(likes().byTime.page()).rejects.toThrow()
  })

  test('has what an import brought, and not what it took away', async () => {
    const account = await makeAccount()
    const subject = post('imported')
    const kept = await likeOf(account, subject, '2026-01-01T00:00:00Z')
    const { repository } = objects.account(account.did)
    const car = await new Response(await repository.exportCar()).arrayBuffer()
    const lost = await likeOf(account, subject, '2026-01-02T00:00:00Z')
    await untilLiked(subject, [kept, lost])
    const body = new Response(car).body as ReadableStream<Uint8Array>
    await repository.importCar(body, [])
    await untilLiked(subject, [kept])
  })

  test('is made again when the log has lost events that it has not read', async () => {
    const account = await makeAccount()
    const subject = post('lost')
    const one = await likeOf(account, subject, '2026-01-01T00:00:00Z')
    await untilLiked(subject, [one])
    await runInDurableObject(indexStub(env) as never, (_, { storage }) => {
      storage.sql.exec('UPDATE position SET seq = 0')
      storage.sql.exec('DELETE FROM record_1')
    }).catch(() => undefined)
    await restart()
    await runInDurableObject(sequencerStub(env) as never, (_, { storage }) => {
      storage.sql.exec('UPDATE horizon SET pruned_to = 1')
    })
    await evictDurableObject(sequencerStub(env) as never)
    const two = await likeOf(account, subject, '2026-01-02T00:00:00Z')
    await untilLiked(subject, [one, two])
  })

  test('finds records by beginnings of their words', async () => {
    const account = await makeAccount()
    const write = async (text: string) => {
      const answer = await create(account, NOTE, { text })
      return ((await answer.json()) as { uri: string }).uri
    }
    const soup = await write('Leek soup with cream')
    await write('Carrot cake')
    const notes = readerOf(NOTE)
    await vi.waitFor(async () => expect(uris(await notes.search('cre LEEK'))).toEqual([soup]))
    expect(uris(await notes.search('leek cake'))).toEqual([])
    // What SQLite would take for more than words.
    expect(uris(await notes.search('"leek* OR t0:cake" NEAR('))).toEqual([])
    expect(uris(await notes.search(' - '))).toEqual([])
    for (const cursor of ['x', '0.5', '-1', '10000']) {
      await expect(notes.search('leek', { cursor })).rejects.toThrow('The cursor is none')
    }
  })
})

describe('a file that cannot be loaded', () => {
  const load = (definition: AnyCollectionDefinition) => async () => ({ default: definition })

  test('has writes into its collection refused, and those of others go on, with their hooks', async () => {
    const account = await makeAccount()
    await create(account, NOTE, { text: 'kept' })
    await vi.waitFor(async () => expect(uris(await readerOf(NOTE).search('kept'))).toHaveLength(1))
    await restart()
    const logged = vi.spyOn(console, 'error').mockReturnValue()
    const broken = { load: () => Promise.reject(new TypeError('no such module')) }
    const other: AnyCollectionDefinition = {
      afterWrite: ({ rkey }: Told) => void told.push({ rkey } as Told),
    } as never
    useCollectionFiles({
      [NOTE]: broken,
      [LIKE]: { load: load(like) },
      'com.example.other': { load: load(other) },
    })
    await restart()
    expect(await outcome(await create(account, NOTE, { text: 'a' }))).toEqual({
      status: 500,
      error: 'InternalServerError',
    })
    const file = 'src/collections/com/example/note.ts'
    expect(logged.mock.calls.flat().join()).toContain(`"file":"${file}"`)
    logged.mockRestore()
    const subject = post('beside')
    const uri = await likeOf(account, subject, '2026-01-01T00:00:00Z')
    await untilLiked(subject, [uri])
    const written = await create(account, 'com.example.other', { a: 1 })
    const { uri: otherUri } = (await written.json()) as { uri: string }
    await vi.waitFor(() =>
      expect(told.map(({ rkey }) => rkey)).toContain(otherUri.split('/').at(-1)),
    )
    const message = `${file} cannot be loaded: TypeError: no such module`
    expect((await objects.hostIndex.operator.report()).failed).toEqual([{ file, message }])
    // Its index was not dropped for that.
    expect(uris(await readerOf(NOTE).search('kept'))).toHaveLength(1)
  })

  test('has what was written before wait for its hook until it can be', async () => {
    const account = await makeAccount()
    useCollectionFiles({ [NOTE]: { load: () => Promise.reject(new TypeError('no')) } })
    await restart()
    const position = async () => (await objects.hostIndex.operator.report()).position ?? 0
    await position()
    const { head } = await sequencerStub(env).status()
    // By a release that was as yet without it, as far as the account's isolate is concerned.
    useCollectionFiles({})
    await create(account, NOTE, { text: 'meanwhile' })
    useCollectionFiles({ [NOTE]: { load: load(note) } })
    await likeOf(account, post('x'), '2026-01-01T00:00:00Z')
    await vi.waitFor(async () => expect(await position()).toBeGreaterThan(head))
    const ofNote = () => told.filter(({ did }) => did === account.did).length
    expect(ofNote()).toBe(0)
    await restart()
    await vi.waitFor(async () => {
      await position()
      expect(ofNote()).toBe(1)
    })
  })
})

describe('before a write', () => {
  test.each([
    ['refuse', { status: 400, error: 'Refused' }],
    ['undeclared', { status: 500, error: 'InternalServerError' }],
    ['break', { status: 500, error: 'InternalServerError' }],
    ['wait', { status: 500, error: 'InternalServerError' }],
  ])('what its file does about %j is answered, and nothing is written', async (text, expected) => {
    const account = await makeAccount()
    expect(await outcome(await create(account, NOTE, { text }))).toEqual(expected)
    const put = { repo: account.did, collection: NOTE, rkey: 'a', record: { text } }
    expect(await outcome(await callAs(account, 'com.atproto.repo.putRecord', put))).toEqual(
      expected,
    )
    const writes = ['fine', text].map((one) => ({
      ...{ $type: 'com.atproto.repo.applyWrites#create', collection: NOTE },
      value: { text: one },
    }))
    const batch = { repo: account.did, writes }
    expect(await outcome(await callAs(account, 'com.atproto.repo.applyWrites', batch))).toEqual(
      expected,
    )
    expect(await objects.account(account.did).repository.collections()).toEqual([])
  })
})

describe('after a write', () => {
  const heard = ({ did }: TestAccount) =>
    told.filter((one) => one.did === did).map(({ record, attempt }) => `${record?.text} ${attempt}`)
  /** It was told of this alone; more than once, where a restart broke an attempt off. */
  const expectHeard = (account: TestAccount, what: RegExp) => {
    const texts = heard(account)
    expect(texts).not.toEqual([])
    expect(texts).toEqual(texts.map(() => expect.stringMatching(what)))
  }

  test('the hook is told again when it failed, and what comes after waits behind it', async () => {
    const [account, other] = [await makeAccount(), await makeAccount()]
    const logged = vi.spyOn(console, 'error')
    // The pause before the second attempt is not over while this is looked at, however long that takes.
    const clock = vi.spyOn(Date, 'now').mockReturnValue(Date.now())
    onTestFinished(() => clock.mockRestore())
    await create(account, NOTE, { text: 'throw once' })
    await create(account, NOTE, { text: 'next' })
    await create(other, NOTE, { text: 'elsewhere' })
    await vi.waitFor(() => expect(heard(other)).toEqual(['elsewhere 1']))
    expect(heard(account)).toEqual(['throw once 1'])
    clock.mockRestore()
    await vi.waitFor(() =>
      expect(heard(account)).toEqual(['throw once 1', 'throw once 2', 'next 1']),
    )
    const line = logged.mock.calls.map(String).find((one) => one.includes(account.did))
    logged.mockRestore()
    // With the place at which it threw.
    expect(JSON.parse(line ?? '')).toMatchObject({
      message: 'a hook failed',
      error: 'Error: no',
      stack: expect.stringMatching(/^Error: no\n +at .*host-index\.test/),
    })
  })

  test.each(['throw', 'hang'])(
    'a hook that does %s is given up, and told again by hand',
    async (text) => {
      const account = await makeAccount()
      await create(account, NOTE, { text })
      await create(account, NOTE, { text: 'next' })
      await vi.waitFor(() => expect(heard(account)).toEqual([`${text} 1`, `${text} 2`, 'next 1']))
      const { hooks } = objects.hostIndex
      const [letter] = await hooks.letters(10)
      expect(letter).toMatchObject({ did: account.did, attempts: 2, action: 'create' })
      expect(letter?.error).toMatch(text === 'throw' ? /Error: no/ : /no end after 300 ms|hung/)
      expect(await hooks.replay(letter?.id)).toBe(1)
      await vi.waitFor(() => expect(heard(account).at(-1)).toBe(`${text} 1`))
      expect(await hooks.letters(10)).not.toContainEqual(letter)
      await hooks.drop()
    },
  )

  test('one that takes the host with it eight times is given up, and those beside it are told', async () => {
    const [account, other] = [await makeAccount(), await makeAccount()]
    await runInDurableObject(indexStub(env) as never, (_, { storage }) => {
      const block = encode({ $type: NOTE, text: 'loop' })
      storage.sql.exec(
        `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts, unheard)
         VALUES (?1, ?2, 'a', 'create', 'r', ?3, ?4, 0, 8), (?1, ?5, 'a', 'create', 'r', ?3, ?4, 0, 5)`,
        ...[NOTE, account.did, cidOf(block), block, other.did],
      )
      for (const { did } of [account, other]) {
        storage.sql.exec(
          'INSERT INTO hook_lane (collection, did, due_at) VALUES (?, ?, 0)',
          NOTE,
          did,
        )
      }
    })
    // At once: whoever asks it for something has it begin.
    await evictDurableObject(indexStub(env) as never)
    await vi.waitFor(async () => {
      const [letter] = await objects.hostIndex.hooks.letters(1)
      expect(letter).toMatchObject({ did: account.did, error: 'it never came to an end' })
    })
    expect(heard(account)).toEqual([])
    await vi.waitFor(() => expectHeard(other, /^loop [67]$/))
  })

  test('of several that may have ended the host one is tried at a time, and each is told', async () => {
    const accounts = await Promise.all([makeAccount(), makeAccount(), makeAccount()])
    const logged = vi.spyOn(console, 'error')
    await runInDurableObject(indexStub(env) as never, (_, { storage }) => {
      const block = encode({ $type: NOTE, text: 'suspect' })
      for (const { did } of accounts) {
        storage.sql.exec(
          `INSERT INTO hook_task (collection, did, rkey, action, rev, cid, block, attempts, unheard)
           VALUES (?, ?, 'a', 'create', 'r', ?, ?, 0, 2)`,
          ...[NOTE, did, cidOf(block), block],
        )
        storage.sql.exec(
          'INSERT INTO hook_lane (collection, did, due_at) VALUES (?, ?, 0)',
          ...[NOTE, did],
        )
      }
    })
    await restart()
    await vi.waitFor(async () => {
      await objects.hostIndex.operator.report()
      for (const account of accounts) expectHeard(account, /^suspect [34]$/)
    })
    // As when hooks and the scheduler start each other without end.
    expect(logged.mock.calls.flat().join()).not.toContain('RangeError')
    logged.mockRestore()
  })

  test('writes for which there is no room among those that wait stay in the log, and are told from there in order', async () => {
    const [account, other, hog] = [await makeAccount(), await makeAccount(), await makeAccount()]
    const sql = (work: (sql: SqlStorage) => void) =>
      runInDurableObject(indexStub(env) as never, (_, { storage }) => work(storage.sql))
    // One that fails for long has filled the half that one account may have, and a second one the rest but for 3 KiB.
    const full = 64 * 1024 * 1024
    await sql((sql) => {
      const lane =
        'INSERT INTO hook_lane (collection, did, due_at, waiting, held) VALUES (?, ?, ?, 1, ?)'
      const later = Date.now() + 3_600_000
      sql.exec(lane, NOTE, hog.did, later, full / 2)
      sql.exec(lane, NOTE, 'did:web:second.test', later, full / 2 - 3 * 1024)
    })
    await restart()
    const texts = ['throw once', ...Array.from({ length: 6 }, (_, n) => `${n}`)]
    for (const text of texts) await create(account, NOTE, { text })
    await create(hog, NOTE, { text: 'behind' })
    const report = async () => (await objects.hostIndex.operator.report()).hooks[0]
    await vi.waitFor(async () => expect((await report())?.behind).toBe(2))
    // Others have what is left, while it is.
    await vi.waitFor(() => expect(heard(account)).toContain('throw once 2'))
    await create(other, NOTE, { text: 'elsewhere' })
    await vi.waitFor(() => expect(heard(other)).toEqual(['elsewhere 1']))
    await sql((sql) => sql.exec('DELETE FROM hook_lane WHERE did = ?', 'did:web:second.test'))
    await restart()
    await vi.waitFor(async () => {
      await report()
      expect(heard(account)).toEqual([
        'throw once 1',
        'throw once 2',
        ...texts.slice(1).map((n) => `${n} 1`),
      ])
    })
    // Who holds as much as there is room for waits on.
    expect((await report())?.behind).toBe(1)
    expect(heard(hog)).toEqual([])
    await sql((sql) => sql.exec('UPDATE hook_lane SET due_at = 0, held = 0 WHERE did = ?', hog.did))
    await restart()
    await vi.waitFor(async () => {
      expect((await report())?.behind).toBe(0)
      expect(heard(hog)).toEqual(['behind 1'])
    })
    expect(await report()).toMatchObject({ waiting: 0, lost: 0 })
  })

  test('writes that have left the log before there was room are noted as lost, and later ones are told', async () => {
    const account = await makeAccount()
    const logged = vi.spyOn(console, 'error').mockReturnValue()
    await runInDurableObject(indexStub(env) as never, (_, { storage }) => {
      storage.sql.exec('INSERT INTO hook_behind VALUES (?, ?, 0)', NOTE, account.did)
    })
    await runInDurableObject(sequencerStub(env) as never, (_, { storage }) => {
      storage.sql.exec('UPDATE horizon SET pruned_to = 1')
    })
    await evictDurableObject(sequencerStub(env) as never)
    await create(account, NOTE, { text: 'later' })
    await restart()
    await vi.waitFor(async () => {
      expect((await objects.hostIndex.operator.report()).hooks[0]).toMatchObject({
        behind: 0,
        lost: 1,
      })
      expectHeard(account, /^later [12]$/)
    })
    expect(logged.mock.calls.flat().join()).toContain('writes left the log before a hook was told')
    logged.mockRestore()
  })
})
