/** How much an account stores, and how much it may. */
import { InvalidRequestError } from '@atproto/xrpc-server'
import { html } from 'hono/html'
import { type Quota, type QuotaOverride, quotaNames, readQuantity } from '../../../kernel/quota.ts'
import type { Usage } from '../../../storage/account/usage.ts'
import { usageList } from '../../account/sections/usage.ts'
import { csrfTokenField, type Html } from '../../layout.ts'
import type { Form } from '../page.ts'
import { accountPath } from '../paths.ts'

const LABELS: Readonly<Record<keyof Quota, string>> = {
  records: 'Records',
  repositoryBytes: 'Bytes of the repository',
  blobBytes: 'Bytes of blobs',
  uploads: 'Uploads in 24 hours',
  uploadBytes: 'Bytes uploaded in 24 hours',
}

export const quotaSection = (
  did: string,
  usage: Usage,
  override: QuotaOverride,
  csrfToken: string,
): Html => html`<section aria-labelledby="usage"><h2 id="usage">Stored here</h2>
${usageList(usage)}
<details class="action"><summary>Change the limits</summary>
<p>Of this account, in place of the host’s. Type a number, such as 5000000, 5M or 20G.
0: as much as it likes; empty: as for the host.</p>
<form method="post" action="${accountPath(did)}/quota">${csrfTokenField(csrfToken)}
${quotaNames.map(
  (name) => html`<label for="quota-${name}">${LABELS[name]}</label>
<input id="quota-${name}" name="${name}" pattern="[0-9]+[KMGTkmgt]?[Bb]?" title="A number, such as 5000000, 5M or 20G" value="${override[name] ?? ''}">`,
)}
<p><button class="second">Change the limits</button></p></form></details></section>`

/** What was typed; null: as for the host. @throws InvalidRequestError */
export const quotaOfForm = (form: Form): Record<string, number | null> =>
  Object.fromEntries(
    quotaNames.map((name) => {
      const typed = form[name]?.trim() ?? ''
      if (typed === '') return [name, null]
      const quantity = readQuantity(typed)
      if (quantity === undefined) {
        throw new InvalidRequestError(`${LABELS[name]}: type a number, such as 5000000, 5M or 20G`)
      }
      return [name, quantity]
    }),
  )
