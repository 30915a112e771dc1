/** Collections and record types have one spelling: capitals in the domain would be another name here, and none elsewhere. */
import { beforeAll, expect, test } from 'vitest'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

const NAMES = ['COM.Example.any', 'App.Bsky.feed.post', 'app.BSKY.feed.post']
const refused = { status: 400, error: 'InvalidRequest' }
const record = { text: 'hello', createdAt: '2026-01-01T00:00:00Z' }

test.each(NAMES)('%s is written under by no method, whatever is validated', async (collection) => {
  const repo = account.did
  for (const validate of [undefined, false]) {
    for (const [method, body] of [
      ['createRecord', { collection, record }],
      ['putRecord', { collection, rkey: 'self', record }],
      [
        'applyWrites',
        { writes: [{ $type: 'com.atproto.repo.applyWrites#create', collection, value: record }] },
      ],
      [
        'applyWrites',
        {
          writes: [
            { $type: 'com.atproto.repo.applyWrites#update', collection, rkey: 'a', value: record },
          ],
        },
      ],
    ] as const) {
      const answer = await callAs(account, `com.atproto.repo.${method}`, {
        repo,
        validate,
        ...body,
      })
      expect(await outcome(answer), method).toEqual(refused)
    }
  }
})

test.each(NAMES)('%s is no $type inside a record', async (name) => {
  for (const $type of [name, `${name}#view`]) {
    const answer = await callAs(account, 'com.atproto.repo.createRecord', {
      repo: account.did,
      collection: 'com.example.note',
      record: { list: [{ $type }] },
    })
    expect(await outcome(answer)).toEqual(refused)
  }
})

test.each(NAMES)('%s is read by no method', async (collection) => {
  const { did } = account
  for (const path of [
    `com.atproto.repo.getRecord?repo=${did}&rkey=self`,
    'com.atproto.repo.getRecord?repo=did:web:elsewhere.example.com&rkey=self',
    `com.atproto.repo.listRecords?repo=${did}`,
    `com.atproto.sync.getRecord?did=${did}&rkey=self`,
  ]) {
    const answer = await send(`/xrpc/${path}&collection=${collection}`)
    expect(await outcome(answer), path).toEqual(refused)
  }
})

test('capitals in the name itself are part of it', async () => {
  const collection = 'com.example.anyThing'
  const input = { repo: account.did, collection, record: { part: { $type: `${collection}#View` } } }
  const answer = await callAs(account, 'com.atproto.repo.createRecord', input)
  expect(answer.status).toBe(200)
})
