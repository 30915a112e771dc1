import { describe, expect, test } from 'vitest'
import { readTypedSubject } from './typed-subject.ts'

const CID = 'bafkreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const DID = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const post = { account: 'alice.test', path: 'app.bsky.feed.post/3n2s5PoxI422p' }

describe('a moderator finds', () => {
  test.each([
    ['Alice.TEST', { account: 'alice.test' }],
    ['  @alice.test \u202c', { account: 'alice.test' }],
    [DID, { account: DID }],
    ['at://alice.test', { account: 'alice.test' }],
    [`at://${DID}/`, { account: DID }],
    ['at://alice.test/app.bsky.feed.post/3n2s5PoxI422p', post],
    ['https://bsky.app/profile/alice.test', { account: 'alice.test' }],
    [`https://bsky.app/profile/${encodeURIComponent(DID)}`, { account: DID }],
    ['https://bsky.app/profile/alice.test/post/3n2s5PoxI422p', post],
    ['https://bsky.app/profile/alice.test/post/3n2s5PoxI422p?ref=x#y', post],
    [
      `https://bsky.app/profile/${DID}/feed/aaa`,
      { account: DID, path: 'app.bsky.feed.generator/aaa' },
    ],
    [
      'https://bsky.app/profile/alice.test/lists/l',
      { account: 'alice.test', path: 'app.bsky.graph.list/l' },
    ],
    [
      'https://bsky.app/starter-pack/alice.test/s',
      { account: 'alice.test', path: 'app.bsky.graph.starterpack/s' },
    ],
    [CID, { blob: CID }],
    [`alice.test ${CID}`, { account: 'alice.test', blob: CID }],
    [`${DID}/${CID}`, { account: DID, blob: CID }],
    [
      `https://pds.test/xrpc/com.atproto.sync.getBlob?did=${DID}&cid=${CID}`,
      { account: DID, blob: CID },
    ],
    [
      `https://cdn.bsky.app/img/feed_thumbnail/plain/${DID}/${CID}@jpeg`,
      { account: DID, blob: CID },
    ],
  ])('what %s names', (text, expected) => {
    expect(readTypedSubject(text)).toEqual(expected)
  })
})

test.each([
  '',
  'hello world',
  'at://',
  'at://alice.test/app.bsky.feed.post',
  'at://alice.test/not a collection/x',
  'at://alice.test/app.bsky.feed.post/x/y',
  'https://bsky.app/',
  'https://bsky.app/profile/alice.test/unknown/x',
  'https://bsky.app/profile/%E0%A4%A/post/x',
  'bafkreinonsense',
  `${CID} alice.test`,
  'https://',
  "'; DROP TABLE account; --",
  `at://alice.test/app.bsky.feed.post/${'x'.repeat(3000)}`,
])('%j names nothing', (text) => {
  expect(readTypedSubject(text)).toBeUndefined()
})
