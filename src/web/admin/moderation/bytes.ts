/** The bytes of a blob in quarantine, for whoever has to judge them. */
import { html } from 'hono/html'
import type { ConsoleContext, Seen } from '../page.ts'
import { MODERATION, PICTURES } from './subject.ts'

/** A stranger's bytes: no page of this origin comes of them, and no cache keeps them. */
export async function quarantinedBytes(c: ConsoleContext): Promise<Seen> {
  const did = c.req.query('did') ?? ''
  const cid = c.req.query('cid') ?? ''
  const { accounts, moderation } = c.env.services
  const account = did === '' || cid === '' ? undefined : await accounts.find(did)
  const blob = account && (await moderation.quarantined(account.did, cid))
  if (!blob) {
    return {
      title: 'No such blob',
      main: html`<h1>No such blob</h1><p>It is not in quarantine, or not any more.</p><p><a href="${MODERATION}">Moderation</a></p>`,
    }
  }
  const { mimeType, size, stream } = blob
  return new Response(stream, {
    headers: {
      'content-type': PICTURES.has(mimeType) ? mimeType : 'application/octet-stream',
      'content-length': String(size),
      // An attachment for whoever opens the address; in a page it is a picture all the same.
      'content-disposition': `attachment; filename="${cid.replace(/[^a-z0-9]/g, '')}"`,
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    },
  })
}
