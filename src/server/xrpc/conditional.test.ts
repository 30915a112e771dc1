/** Conditional requests (RFC 9110, section 13): who has an answer is told so, and never of what is to be seen no more. */
import { beforeEach, describe, expect, test } from 'vitest'
import { callAs, makeAccount, send, type TestAccount } from '../../testing/host.ts'
import { callAsOperator } from '../../testing/operator.ts'

const collection = 'com.example.note'

let account: TestAccount
beforeEach(async () => {
  account = await makeAccount()
  await put('a', 'one')
})

async function put(rkey: string, text: string): Promise<void> {
  const record = { $type: collection, text }
  const body = { repo: account.did, collection, rkey, record }
  expect((await callAs(account, 'com.atproto.repo.putRecord', body)).status).toBe(200)
}

const updateStatus = async (subject: object, applied: boolean) => {
  const response = await callAsOperator('updateSubjectStatus', {
    subject,
    takedown: applied ? { applied, ref: 'CASE-1' } : { applied },
  })
  expect(response.status).toBe(200)
}

const paths: Record<string, () => string> = {
  'repo.getRecord': () => `repo.getRecord?repo=${account.did}&collection=${collection}&rkey=a`,
  'repo.getRecord by handle': () =>
    `repo.getRecord?repo=${account.handle}&collection=${collection}&rkey=a`,
  'repo.listRecords': () => `repo.listRecords?repo=${account.did}&collection=${collection}`,
  'sync.getRepo': () => `sync.getRepo?did=${account.did}`,
}

const get = (path: string, etag?: string, method = 'GET') =>
  send(`/xrpc/com.atproto.${path}`, {
    method,
    headers: etag === undefined ? {} : { 'if-none-match': etag },
  })

async function tagOf(path: string): Promise<string> {
  const response = await get(path)
  await response.arrayBuffer()
  const etag = response.headers.get('etag')
  expect(etag).toMatch(/^"[^"]+"$/)
  expect(response.headers.get('cache-control')).toBe('no-cache')
  return etag ?? ''
}

describe.each(Object.keys(paths))('%s', (name) => {
  const path = () => paths[name]?.() ?? ''

  test('is not sent again to whoever has it, until it changes', async () => {
    const etag = await tagOf(path())
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const answer = await get(path(), known)
      expect(answer.status).toBe(304)
      expect(await answer.text()).toBe('')
      expect(answer.headers.get('etag')).toBe(etag)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.get('access-control-expose-headers')).toContain('etag')
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
      expect(answer.headers.get('x-request-id')).toMatch(/^[\w-]{36}$/)
    }
    expect((await get(path(), etag, 'HEAD')).status).toBe(304)
    await put('a', 'two')
    const changed = await get(path(), etag)
    expect(changed.status).toBe(200)
    expect(changed.headers.get('etag')).not.toBe(etag)
    await changed.arrayBuffer()
  })

  test('is not confirmed to be there when the account was taken down', async () => {
    const etag = await tagOf(path())
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did: account.did }
    await updateStatus(subject, true)
    const answer = await get(path(), etag)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ error: expect.stringMatching(/Repo|Record/) })
    await updateStatus(subject, false)
    expect((await get(path(), etag)).status).toBe(304)
  })
})

test('a record that was taken down or deleted is confirmed to nobody, alone or in a list', async () => {
  const [record, list] = [paths['repo.getRecord']?.() ?? '', paths['repo.listRecords']?.() ?? '']
  const [recordTag, listTag] = [await tagOf(record), await tagOf(list)]
  const { uri, cid } = (await (await get(record)).json()) as { uri: string; cid: string }
  const subject = { $type: 'com.atproto.repo.strongRef', uri, cid }
  await updateStatus(subject, true)
  expect((await get(record, recordTag)).status).toBe(400)
  const without = await get(list, listTag)
  expect(await without.json()).toEqual({ records: [] })
  await updateStatus(subject, false)
  expect((await get(record, recordTag)).status).toBe(304)
  expect((await get(list, listTag)).status).toBe(304)
  await callAs(account, 'com.atproto.repo.deleteRecord', {
    ...{ repo: account.did, collection, rkey: 'a' },
  })
  expect((await get(record, recordTag)).status).toBe(400)
  expect((await get(list, listTag)).status).toBe(200)
})

test('blocks by their CID and proofs of records, too, are for no cache to give unasked', async () => {
  const answer = await get(paths['repo.getRecord']?.() ?? '')
  const { cid } = (await answer.json()) as { cid: string }
  const query = `did=${account.did}&collection=${collection}&rkey=a`
  for (const path of [`sync.getBlocks?did=${account.did}&cids=${cid}`, `sync.getRecord?${query}`]) {
    const response = await get(path)
    expect(response.status).toBe(200)
    expect(response.headers.get('cache-control')).toBe('no-cache')
    await response.arrayBuffer()
  }
  expect(
    (await get(`${paths['repo.getRecord']?.()}&cid=${cid}`)).headers.get('cache-control'),
  ).toBe('no-cache')
})

test('two accounts with the same record have no tag in common for who asks by handle', async () => {
  const tag = await tagOf(paths['repo.getRecord by handle']?.() ?? '')
  const first = account
  account = await makeAccount()
  await put('a', 'one')
  expect(await tagOf(paths['repo.getRecord by handle']?.() ?? '')).not.toBe(tag)
  expect(first.did).not.toBe(account.did)
})

test('a page of a list has a tag of its own address only', async () => {
  await put('b', 'two')
  const list = paths['repo.listRecords']?.() ?? ''
  const etag = await tagOf(`${list}&limit=1`)
  const answer = await get(`${list}&limit=1`, etag)
  expect(answer.status).toBe(304)
})

test('what is written is never conditional', async () => {
  const response = await send('/xrpc/com.atproto.repo.putRecord', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${account.accessJwt}`,
      'content-type': 'application/json',
      'if-none-match': '*',
    },
    body: JSON.stringify({
      ...{ repo: account.did, collection, rkey: 'b' },
      record: { $type: collection, text: 'x' },
    }),
  })
  expect(response.status).toBe(200)
})

test('a description is sent again when there is another collection, and not confirmed of who is off', async () => {
  const path = `repo.describeRepo?repo=${account.did}`
  const etag = await tagOf(path)
  await put('b', 'two')
  expect((await get(path, etag)).status).toBe(304)
  const record = { $type: 'com.example.other' }
  const body = { repo: account.did, collection: 'com.example.other', record }
  await callAs(account, 'com.atproto.repo.createRecord', body)
  const answer = await get(path, etag)
  expect(await answer.json()).toMatchObject({ collections: [collection, 'com.example.other'] })
  const newer = answer.headers.get('etag') ?? ''
  expect((await get(path, newer)).status).toBe(304)
  await callAs(account, 'com.atproto.server.deactivateAccount', {})
  for (const known of [newer, '*']) expect((await get(path, known)).status).toBe(400)
})
