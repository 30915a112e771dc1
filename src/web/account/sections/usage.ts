import { html } from 'hono/html'
import type { Usage } from '../../../storage/account/usage.ts'
import type { Html } from '../../layout.ts'
import { bytesInWords, inThousands } from '../../numbers.ts'

export const usageList = (usage: Usage): Html => html`<dl>
<dt>Records</dt><dd>${of(inThousands, usage.records, usage.limits.records)} (posts, likes, follows and so on)</dd>
<dt>Repository</dt><dd>${of(bytesInWords, usage.repositoryBytes, usage.limits.repositoryBytes)}</dd>
<dt>Images and other blobs</dt><dd>${blobs(usage)}</dd>
<dt>Uploads in 24 hours</dt><dd>${of(inThousands, usage.uploads, usage.limits.uploads)}, ${of(bytesInWords, usage.uploadBytes, usage.limits.uploadBytes)}</dd>
<dt>Database</dt><dd>${bytesInWords(usage.databaseBytes)}</dd>
</dl>`

const blobs = ({ blobs, blobBytes, limits }: Usage): string =>
  `${blobs === 0 ? 'None' : inThousands(blobs)}, ${of(bytesInWords, blobBytes, limits.blobBytes)}`

/** `12 of 100`, where there is a limit. */
const of = (show: (n: number) => string, used: number, limit: number): string =>
  limit === 0 ? show(used) : `${show(used)} of ${show(limit)}`
