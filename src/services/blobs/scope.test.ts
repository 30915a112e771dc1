/** What apps may upload by their scope: what the content shows counts, not what it is said to be. */
import { beforeAll, expect, test } from 'vitest'
import { postBlob, storedSizes } from '../../testing/blobs.ts'
import { makeAccount, outcome, type TestAccount } from '../../testing/host.ts'
import { type ConnectedApp, connectApp } from '../../testing/oauth.ts'

const PATH = '/xrpc/com.atproto.repo.uploadBlob'
const PNG = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82])
const PDF = new TextEncoder().encode('%PDF-1.7\n')
const MP4 = new TextEncoder().encode('\0\0\0\x18ftypisom\0\0\0\0isomavc1')

let account: TestAccount
let app: ConnectedApp

beforeAll(async () => {
  account = await makeAccount()
  app = await connectApp(account.did, 'atproto blob:image/*')
})

const uploadAs = async (body: Uint8Array, type: string) =>
  postBlob(account, body, {
    authorization: `DPoP ${app.accessToken}`,
    dpop: await app.prove('POST', PATH),
    'content-type': type,
  })

test.each<[string, Uint8Array, string]>([
  ['a PDF that is said to be an image', PDF, 'image/png'],
  ['a video that is said to be an image', MP4, 'image/jpeg'],
  ['an image that is said to be a PDF', PNG, 'application/pdf'],
  ['what nobody knows and is said to be a page', new Uint8Array(9), 'text/html'],
  ['a PDF of which nothing is said', PDF, '*/*'],
])('an app for images may not store %s, and nothing stays of it', async (_, body, type) => {
  const response = await uploadAs(body, type)
  expect(await outcome(response)).toEqual({ status: 403, error: 'ScopeMissingError' })
  expect(await storedSizes(account.did)).toEqual([])
})

test('an app for images may store images, of whatever kind they are said to be', async () => {
  for (const type of ['image/png', 'image/webp']) {
    const { blob } = (await (await uploadAs(PNG, type)).json()) as { blob: { mimeType: string } }
    expect(blob.mimeType).toBe('image/png')
  }
})

test('the account itself may store anything', async () => {
  expect((await postBlob(account, PDF, { 'content-type': 'image/png' })).status).toBe(200)
})
