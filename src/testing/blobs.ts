/** What tests of blobs in workerd have in common. */
import { env } from 'cloudflare:workers'
import { callAs, send, type TestAccount } from './host.ts'

/** A blob as records refer to it. */
export interface Uploaded {
  $type: 'blob'
  ref: { $link: string }
  mimeType: string
  size: number
}

/** The bucket, which is there in tests. */
export const bucket = env.BLOBS as R2Bucket

export const postBlob = (
  account: TestAccount,
  body: BodyInit,
  headers: Record<string, string> = {},
): Promise<Response> =>
  send('/xrpc/com.atproto.repo.uploadBlob', {
    method: 'POST',
    headers: {
      authorization: `Bearer ${account.accessJwt}`,
      'content-type': 'text/plain',
      ...headers,
    },
    body,
  })

/** Uploads what must be accepted. */
export async function upload(
  account: TestAccount,
  body: BodyInit,
  type = 'text/plain',
): Promise<Uploaded> {
  const response = await postBlob(account, body, { 'content-type': type })
  if (!response.ok) throw new Error(`could not upload: ${await response.text()}`)
  return ((await response.json()) as { blob: Uploaded }).blob
}

export const collection = 'com.example.file'

/** Makes a record with these blobs, or makes it have these. */
export async function putFiles(
  account: TestAccount,
  rkey: string,
  files: readonly Uploaded[],
): Promise<void> {
  const body = { repo: account.did, collection, rkey, record: { files } }
  const response = await callAs(account, 'com.atproto.repo.putRecord', body)
  if (!response.ok) throw new Error(`could not put: ${await response.text()}`)
  await response.text()
}

export async function deleteFiles(account: TestAccount, rkey: string): Promise<void> {
  const body = { repo: account.did, collection, rkey }
  const response = await callAs(account, 'com.atproto.repo.deleteRecord', body)
  if (!response.ok) throw new Error(`could not delete: ${await response.text()}`)
  await response.text()
}

export const getBlob = (account: TestAccount, cid: string, init?: RequestInit): Promise<Response> =>
  send(`/xrpc/com.atproto.sync.getBlob?did=${account.did}&cid=${cid}`, init)

/** The sizes of what the bucket holds for an account, in order. */
export async function storedSizes(did: string): Promise<number[]> {
  const prefix = `${encodeURIComponent(did).replaceAll('%', '_')}/`
  const { objects } = await bucket.list({ prefix })
  return objects.map(({ size }) => size).sort((a, b) => a - b)
}
