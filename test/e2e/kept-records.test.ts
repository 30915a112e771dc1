/** Records that the Worker keeps as long as nothing changes in their account: on plain workerd only, so it is tested there. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type MadeAccount, makeAccounts, operatorOf } from '../support/accounts.ts'
import { startServer, type TestServer } from '../support/server.ts'

const collection = 'com.example.note'

let server: TestServer
let account: MadeAccount

beforeAll(async () => {
  server = await startServer()
})
beforeEach(async () => {
  const [made] = await makeAccounts(server, 1)
  if (!made) throw new Error('no account')
  account = made
})
afterAll(() => server.stop())

async function call(method: string, input?: object, authorization = `Bearer ${account.accessJwt}`) {
  const response = await fetch(`${server.origin}/xrpc/${method}`, {
    method: 'POST',
    headers: { authorization, ...(input && { 'content-type': 'application/json' }) },
    body: input && JSON.stringify(input),
  })
  if (!response.ok) throw new Error(`${method}: ${await response.text()}`)
  return (await response.text()) || '{}'
}

const put = (rkey: string, text: string) =>
  call('com.atproto.repo.putRecord', { repo: account.did, collection, rkey, record: { text } })

/** Revs of all accounts, as the sequencer knows them. */
async function revs(): Promise<string[]> {
  const response = await fetch(`${server.origin}/xrpc/com.atproto.sync.listRepos`)
  const { repos } = (await response.json()) as { repos: { rev: string }[] }
  return repos.map(({ rev }) => rev)
}

const remove = (rkey: string) =>
  call('com.atproto.repo.deleteRecord', { repo: account.did, collection, rkey })

/** Text of a record, or the error; and whether anything was read for it. */
async function read(rkey: string, more = ''): Promise<{ is: string; asked: boolean }> {
  const query = `repo=${account.did}&collection=${collection}&rkey=${rkey}${more}`
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.getRecord?${query}`)
  const { value, error } = (await response.json()) as { value?: { text: string }; error?: string }
  const asked = response.headers.get('x-cumulus-rows-read') !== '0'
  return { is: String(value?.text ?? error), asked }
}

/** Texts of a page, or the error, its bytes beside them; and whether anything was read for it. */
async function list(more = '') {
  const query = `repo=${account.did}&collection=${collection}${more}`
  const response = await fetch(`${server.origin}/xrpc/com.atproto.repo.listRecords?${query}`)
  const body = await response.text()
  const { records, error } = JSON.parse(body) as {
    records?: { value: { text: string } }[]
    error?: string
  }
  const asked = response.headers.get('x-cumulus-rows-read') !== '0'
  return { is: records?.map(({ value }) => value.text) ?? error, body, asked }
}

/** Has a page kept, which has the same bytes then. */
async function keepPage(texts: readonly string[], more = ''): Promise<void> {
  const first = await list(more)
  expect(first.is).toEqual(texts)
  await expect.poll(() => list(more)).toEqual({ is: texts, body: first.body, asked: false })
}

/** Has a record kept. */
async function keep(rkey: string, text: string): Promise<void> {
  expect((await read(rkey)).is).toBe(text)
  // Rows of the sequencer count, too, which takes the event of what was written last.
  await expect.poll(() => read(rkey)).toEqual({ is: text, asked: false })
}

test('a record is read once, and again when its account was written to', async () => {
  await put('a', 'one')
  await put('b', 'beside')
  await keep('a', 'one')
  await put('a', 'two')
  expect(await read('a')).toEqual({ is: 'two', asked: true })
  await keep('a', 'two')
  await keep('b', 'beside')
  await remove('a')
  expect((await read('a')).is).toBe('RecordNotFound')
  expect(await read('b')).toEqual({ is: 'beside', asked: true })
})

test('what the operator takes down is not read any more, nor from an account that is taken down or off', async () => {
  await put('c', 'bad')
  await keep('c', 'bad')
  const { cid } = JSON.parse(await put('d', 'good')) as { cid: string }
  const uri = `at://${account.did}/${collection}/d`
  const operator = operatorOf(server)
  const change = (subject: object, applied: boolean) =>
    call('com.atproto.admin.updateSubjectStatus', { subject, takedown: { applied } }, operator)
  const record = { $type: 'com.atproto.repo.strongRef', uri, cid }
  const whole = { $type: 'com.atproto.admin.defs#repoRef', did: account.did }
  await keep('d', 'good')
  await change(record, true)
  expect((await read('d')).is).toBe('RecordNotFound')
  await change(record, false)
  await keep('d', 'good')
  await call('com.atproto.server.deactivateAccount', {})
  expect((await read('d')).is).toBe('RepoDeactivated')
  await call('com.atproto.server.activateAccount')
  await keep('d', 'good')
  await change(whole, true)
  expect((await read('d')).is).toBe('RepoTakendown')
  await change(whole, false)
  await keep('d', 'good')
})

test('of pages that were read others are made, each with the bytes that the account gives', async () => {
  const texts = ['plain', 'grün', '日本 \u{1f600}', '"\\\n', 'x'.repeat(2000)]
  for (const [at, text] of texts.entries()) await put(`p${at}`, text)
  const newestFirst = texts.toReversed()
  const fresh = new Map<string, string>()
  const options = [
    '&limit=2',
    '&limit=2&cursor=p3',
    '&limit=3&cursor=p1&reverse=true',
    '&cursor=p4',
  ]
  for (const more of options) fresh.set(more, (await list(more)).body)
  let tries = 0
  const made = async () => {
    // Nothing is kept from before. Rows that the sequencer reads meanwhile count, too: then all is tried again.
    const record = { text: `${tries++}` }
    const other = { repo: account.did, collection: 'com.example.other', rkey: 'a', record }
    await call('com.atproto.repo.putRecord', other)
    await keepPage(newestFirst)
    const pages: object[] = []
    for (const more of options) pages.push(await list(more))
    return [...pages, await read('p2')]
  }
  const expected = options.map((more) => ({ asked: false, body: fresh.get(more) }))
  await expect.poll(made).toMatchObject([...expected, { is: texts[2], asked: false }])
  await keepPage(texts, '&reverse=true')
})

test('a page is read again when something in it was written, deleted or taken down, and so is an account that is off', async () => {
  await put('q', 'one')
  const { cid } = JSON.parse(await put('r', 'two')) as { cid: string }
  await keepPage(['two', 'one'])
  await put('q', 'changed')
  await keepPage(['two', 'changed'])
  await put('s', 'three')
  await keepPage(['three', 'two', 'changed'])
  await remove('q')
  await keepPage(['three', 'two'])
  const uri = `at://${account.did}/${collection}/r`
  const subject = { $type: 'com.atproto.repo.strongRef', uri, cid }
  const change = (applied: boolean) => {
    const input = { subject, takedown: { applied } }
    return call('com.atproto.admin.updateSubjectStatus', input, operatorOf(server))
  }
  await change(true)
  await keepPage(['three'])
  await change(false)
  await keepPage(['three', 'two'])
  await call('com.atproto.server.deactivateAccount', {})
  expect((await list()).is).toBe('RepoDeactivated')
})

test('a version is kept as itself only', async () => {
  const { cid, commit } = JSON.parse(await put('v', 'old')) as {
    cid: string
    commit: { rev: string }
  }
  // So that no rows of the sequencer come in between.
  await expect.poll(revs).toContain(commit.rev)
  await keep('v', 'old')
  expect(await read('v', `&cid=${cid}`)).toEqual({ is: 'old', asked: false })
  const newer = JSON.parse(await put('v', 'new')) as { cid: string }
  await keep('v', 'new')
  expect((await read('v', `&cid=${cid}`)).is).toBe('RecordNotFound')
  expect((await read('v', `&cid=${newer.cid}`)).is).toBe('new')
})

test('no reader gets less than what was acknowledged before it asked', async () => {
  let acknowledged = 0
  let isOver = false
  await put('n', '0')
  const write = async () => {
    for (let n = 1; n <= 100; n++) {
      await put('n', `${n}`)
      acknowledged = n
      // Leaves room for reads that are kept.
      if (n % 10 === 0) await sleep(5)
    }
    isOver = true
  }
  const readAlong = async () => {
    let seen = 0
    while (!isOver) {
      const least = acknowledged
      const found = Number((await read('n')).is)
      expect(found).toBeGreaterThanOrEqual(Math.max(least, seen))
      seen = found
    }
  }
  await Promise.all([write(), readAlong(), readAlong(), readAlong(), readAlong()])
  await keep('n', '100')
})

test('after a crash the host reads anew', async () => {
  await put('e', 'before')
  await keep('e', 'before')
  const { dataDirectory } = server
  await server.stop('SIGKILL')
  server = await startServer({ dataDirectory, port: Number(new URL(server.origin).port) })
  expect(await read('e')).toEqual({ is: 'before', asked: true })
  await put('e', 'after')
  await keep('e', 'after')
})

test('of an account that is deleted nothing is kept', async () => {
  await put('f', 'last')
  await keep('f', 'last')
  await call('com.atproto.admin.deleteAccount', { did: account.did }, operatorOf(server))
  expect((await read('f')).is).not.toBe('last')
})
