import { beforeAll, describe, expect, test } from 'vitest'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../../testing/host.ts'

let account: TestAccount
beforeAll(async () => {
  account = await makeAccount()
})

const CID = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const BLOB_CID = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const post = { text: 'hello', createdAt: '2026-01-01T00:00:00Z' }
const collection = 'app.bsky.feed.post'

describe('a record that cannot be is refused, and nothing of it is written', () => {
  const write = (method: string, body: object) =>
    callAs(account, `com.atproto.repo.${method}`, { repo: account.did, collection, ...body })

  const deep = (depth: number): unknown => (depth === 0 ? 1 : [deep(depth - 1)])

  test.each<[string, string, object, number, string]>([
    ['no record', 'createRecord', {}, 400, 'InvalidRequest'],
    [
      'another $type',
      'createRecord',
      { record: { ...post, $type: 'app.bsky.feed.like' } },
      400,
      'InvalidRequest',
    ],
    [
      'another $type, not validated',
      'createRecord',
      { validate: false, record: { $type: 'a.b.c' } },
      400,
      'InvalidRequest',
    ],
    ['a missing field', 'createRecord', { record: { text: 'a' } }, 400, 'InvalidRequest'],
    [
      'a text over its limit',
      'createRecord',
      { record: { ...post, text: 'x'.repeat(5000) } },
      400,
      'InvalidRequest',
    ],
    [
      'a number with a fraction',
      'createRecord',
      { record: { ...post, extra: 1.5 } },
      400,
      'InvalidRequest',
    ],
    [
      'a number beyond 53 bits',
      'createRecord',
      { record: { ...post, extra: 2 ** 60 } },
      400,
      'InvalidRequest',
    ],
    [
      'a link that is none',
      'createRecord',
      { record: { ...post, extra: { $link: 'nope' } } },
      400,
      'InvalidRequest',
    ],
    [
      'bytes that are none',
      'createRecord',
      { record: { ...post, extra: { $bytes: 7 } } },
      400,
      'InvalidRequest',
    ],
    [
      'a blob that is none',
      'createRecord',
      { record: { ...post, extra: { $type: 'blob' } } },
      400,
      'InvalidRequest',
    ],
    [
      'a blob of an outdated form',
      'createRecord',
      {
        record: {
          ...post,
          extra: {
            cid: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74',
            mimeType: 'image/png',
          },
        },
      },
      400,
      'InvalidRequest',
    ],
    [
      'endless nesting',
      'createRecord',
      { record: { ...post, extra: deep(500) } },
      400,
      'InvalidRequest',
    ],
    ['a key with a slash', 'createRecord', { rkey: 'a/b', record: post }, 400, 'InvalidRequest'],
    [
      'a key that is no TID where one is wanted',
      'createRecord',
      { rkey: 'self', record: post },
      400,
      'InvalidRequest',
    ],
    [
      'a key other than the only one',
      'putRecord',
      { collection: 'app.bsky.actor.profile', rkey: 'other', record: {} },
      400,
      'InvalidRequest',
    ],
    [
      'an unknown collection that must be known',
      'createRecord',
      { collection: 'com.example.thing', validate: true, record: {} },
      400,
      'InvalidRequest',
    ],
    [
      'a collection that is no NSID',
      'createRecord',
      { collection: 'posts', record: {} },
      400,
      'InvalidRequest',
    ],
    [
      'a repository of somebody else',
      'createRecord',
      { repo: 'did:web:nobody.test', record: post },
      403,
      'AccountNotFound',
    ],
    [
      'a swap of another commit',
      'createRecord',
      { swapCommit: 'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu', record: post },
      400,
      'InvalidSwap',
    ],
    [
      'a swap of a record that is not there',
      'putRecord',
      {
        rkey: '3l2s5poxi422p',
        swapRecord: 'bafyreiarsf4bwzvv56k5hfkphewmtdhhqunlv7ul6xughvsipk3jfmoezu',
        record: post,
      },
      400,
      'InvalidSwap',
    ],
    ...['#images', '#', '#main', 'a#b#c'].map(($type): [string, string, object, number, string] => [
      `a $type that is no name in a union: ${$type}`,
      'createRecord',
      { record: { ...post, embed: { $type } } },
      400,
      'InvalidRequest',
    ]),
    [
      'a $type that is no name in a batch',
      'applyWrites',
      {
        writes: [
          {
            $type: 'com.atproto.repo.applyWrites#create',
            collection,
            value: { ...post, labels: { $type: '#selfLabels' } },
          },
        ],
      },
      400,
      'InvalidRequest',
    ],
    [
      'a write of a batch whose $type is no name',
      'applyWrites',
      { writes: [{ $type: '#create', collection, value: post }] },
      400,
      'InvalidRequest',
    ],
    [
      'a blob that was never uploaded',
      'createRecord',
      {
        record: {
          ...post,
          embed: {
            $type: 'app.bsky.embed.images',
            images: [
              {
                alt: '',
                image: {
                  $type: 'blob',
                  ref: { $link: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74' },
                  mimeType: 'image/png',
                  size: 5,
                },
              },
            ],
          },
        },
      },
      400,
      'BlobNotFound',
    ],
    [
      'a blob of a type that the lexicon does not take',
      'createRecord',
      {
        record: {
          ...post,
          embed: {
            $type: 'app.bsky.embed.images',
            images: [
              {
                alt: '',
                image: {
                  $type: 'blob',
                  ref: { $link: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74' },
                  mimeType: 'text/html',
                  size: 5,
                },
              },
            ],
          },
        },
      },
      400,
      'InvalidRequest',
    ],
    [
      'a blob over the size of the lexicon',
      'createRecord',
      {
        record: {
          ...post,
          embed: {
            $type: 'app.bsky.embed.images',
            images: [
              {
                alt: '',
                image: {
                  $type: 'blob',
                  ref: { $link: 'bafkreictp7zk4c4lnnvti2sosksop7zdntwjaemde3pwd653folieerj74' },
                  mimeType: 'image/png',
                  size: 50_000_000,
                },
              },
            ],
          },
        },
      },
      400,
      'InvalidRequest',
    ],
  ])('%s', async (_, method, body, status, error) => {
    const latest = async () => {
      const query = `com.atproto.sync.getLatestCommit?did=${account.did}`
      return (await send(`/xrpc/${query}`)).json()
    }
    const before = await latest()
    expect(await outcome(await write(method, body))).toEqual({ status, error })
    expect(await latest()).toEqual(before)
  })

  test('what kind of key a lexicon wants counts only where records are validated', async () => {
    const create = { collection, rkey: 'no-tid', record: post }
    const put = { collection: 'app.bsky.actor.profile', rkey: 'other', record: {} }
    const batch = (validate?: boolean) => {
      const $type = 'com.atproto.repo.applyWrites#create'
      return { validate, writes: [{ $type, collection, rkey: 'no-tid-either', value: post }] }
    }
    const refused = { status: 400, error: 'InvalidRequest' }
    for (const validate of [true, undefined]) {
      expect(await outcome(await write('createRecord', { ...create, validate }))).toEqual(refused)
      expect(await outcome(await write('putRecord', { ...put, validate }))).toEqual(refused)
      expect(await outcome(await write('applyWrites', batch(validate)))).toEqual(refused)
    }
    expect((await write('createRecord', { ...create, validate: false })).status).toBe(200)
    expect((await write('putRecord', { ...put, validate: false })).status).toBe(200)
    expect((await write('applyWrites', batch(false))).status).toBe(200)
    // What no record may have for a key is none for these either.
    const bad = { ...create, rkey: 'a/b', validate: false }
    expect(await outcome(await write('createRecord', bad))).toEqual(refused)
  })

  test('a record that exists is not created again', async () => {
    const rkey = '3l2s5poxi422p'
    expect((await write('createRecord', { rkey, record: post })).status).toBe(200)
    expect(await outcome(await write('createRecord', { rkey, record: post }))).toEqual({
      status: 400,
      error: 'RecordAlreadyExists',
    })
  })

  test.each<[string, unknown]>([
    ['an array', [1, 'two']],
    ['bytes', { $bytes: 'aGVsbG8' }],
    ['a link', { $link: CID }],
    ['a blob', { $type: 'blob', ref: { $link: BLOB_CID }, mimeType: 'text/plain', size: 5 }],
    ['a blob of the old form', { cid: BLOB_CID, mimeType: 'text/plain' }],
    ['a text', 'hello'],
    ['null', null],
  ])('%s is no record, whatever is validated', async (_, value) => {
    const other = { collection: 'com.example.none', rkey: 'a' }
    const writes = ['create', 'update'].map((action) => [
      { ...other, $type: `com.atproto.repo.applyWrites#${action}`, value },
    ])
    for (const validate of [true, false, undefined]) {
      for (const body of [
        ['createRecord', { ...other, record: value, validate }],
        ['putRecord', { ...other, record: value, validate }],
        ...writes.map((batch) => ['applyWrites', { writes: batch, validate }]),
      ] as [string, object][]) {
        expect(await outcome(await write(...body))).toEqual({
          status: 400,
          error: 'InvalidRequest',
        })
      }
    }
  })

  test('deleting what is not there changes nothing and is no error', async () => {
    const response = await write('deleteRecord', { rkey: '3aaaaaaaaaaaa' })
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({})
  })
})
