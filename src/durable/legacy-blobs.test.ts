/** Blob references of forms that are not written any more, as records of moved accounts have them. */
import { env } from 'cloudflare:workers'
import { encode } from '@atproto/lex-cbor'
import { decodeCid } from '@atproto/lex-data'
import { expect, test } from 'vitest'
import { cidBytes, cidOf } from '../kernel/cbor/cid.ts'
import { hostObjects } from '../services/objects/stubs.ts'
import { callAs, makeAccount, outcome, send, type TestAccount } from '../testing/host.ts'

const objects = hostObjects(env)
const PROFILE = 'app.bsky.actor.profile'

async function upload(account: TestAccount, text: string) {
  const response = await send('/xrpc/com.atproto.repo.uploadBlob', {
    method: 'POST',
    headers: { authorization: `Bearer ${account.accessJwt}`, 'content-type': 'image/png' },
    body: text,
  })
  const { blob } = (await response.json()) as { blob: { ref: { $link: string } } }
  return blob.ref.$link
}

const forms: [string, (cid: string) => { json: object; stored: object }][] = [
  [
    'a CID and a type',
    (cid) => {
      const form = { cid, mimeType: 'image/png' }
      return { json: form, stored: form }
    },
  ],
  [
    'a size of -1',
    (cid) => {
      const form = { $type: 'blob', mimeType: 'image/png', size: -1 }
      return {
        json: { ...form, ref: { $link: cid } },
        stored: { ...form, ref: decodeCid(cidBytes(cid)) },
      }
    },
  ],
]

test.each(forms)(
  'a reference with %s is found in an import, its blob served, and the record written anew',
  async (_, form) => {
    const source = await makeAccount()
    const cid = await upload(source, 'a picture')
    const { json, stored } = form(cid)
    const block = encode({ $type: PROFILE, avatar: stored } as never)
    // Straight into the object, as no such record is written any more.
    await objects.account(source.did).repository.write({
      writes: [
        {
          action: 'put',
          collection: PROFILE,
          rkey: 'self',
          record: { cid: cidOf(block), block, blobs: [] },
        },
      ],
    })
    const exported = await send(`/xrpc/com.atproto.sync.getRepo?did=${source.did}`)
    const car = new Uint8Array(await exported.arrayBuffer())
    const headers = {
      authorization: `Bearer ${source.accessJwt}`,
      'content-type': 'application/vnd.ipld.car',
    }
    const init = { method: 'POST', headers, body: car }
    const imported = await send('/xrpc/com.atproto.repo.importRepo', init)
    expect(await outcome(imported)).toEqual({ status: 200 })

    // A new upload of the same bytes: those of before were for no record.
    await upload(source, 'a picture')
    const served = await send(`/xrpc/com.atproto.sync.getBlob?did=${source.did}&cid=${cid}`)
    expect(await served.text()).toBe('a picture')
    const listed = await send(`/xrpc/com.atproto.sync.listBlobs?did=${source.did}`)
    expect(await listed.json()).toMatchObject({ cids: [cid] })

    const read = await callAs(
      source,
      `com.atproto.repo.getRecord?repo=${source.did}&collection=${PROFILE}&rkey=self`,
    )
    const { value } = (await read.json()) as { value: object }
    expect(value).toMatchObject({ avatar: json })
    const put = await callAs(source, 'com.atproto.repo.putRecord', {
      repo: source.did,
      collection: PROFILE,
      rkey: 'self',
      record: { ...value, displayName: 'Alice' },
    })
    expect(await outcome(put)).toEqual({ status: 200 })
    const again = await callAs(
      source,
      `com.atproto.repo.getRecord?repo=${source.did}&collection=${PROFILE}&rkey=self`,
    )
    expect(await again.json()).toMatchObject({
      value: { avatar: { $type: 'blob', ref: { $link: cid }, mimeType: 'image/png', size: 9 } },
    })
    const still = await send(`/xrpc/com.atproto.sync.getBlob?did=${source.did}&cid=${cid}`)
    expect(await still.text()).toBe('a picture')
  },
)

test('a record that refers so to a blob that is not here is refused', async () => {
  const account = await makeAccount()
  const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
  const put = (avatar: object) =>
    callAs(account, 'com.atproto.repo.putRecord', {
      repo: account.did,
      collection: PROFILE,
      rkey: 'self',
      record: { $type: PROFILE, avatar },
    })
  for (const [, form] of forms) {
    expect(await outcome(await put(form(cid).json))).toEqual({
      status: 400,
      error: 'InvalidRequest',
    })
  }
})
