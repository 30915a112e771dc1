import { html } from 'hono/html'
import type { Usage } from '../../../storage/account/usage.ts'
import type { Html } from '../../layout.ts'

export const usageList = (usage: Usage): Html => html`<dl>
<dt>Records</dt><dd>${of(count, usage.records, usage.limits.records)} (posts, likes, follows and so on)</dd>
<dt>Repository</dt><dd>${of(size, usage.repositoryBytes, usage.limits.repositoryBytes)}</dd>
<dt>Images and other blobs</dt><dd>${blobs(usage)}</dd>
<dt>Uploads in 24 hours</dt><dd>${of(count, usage.uploads, usage.limits.uploads)}, ${of(size, usage.uploadBytes, usage.limits.uploadBytes)}</dd>
<dt>Database</dt><dd>${size(usage.databaseBytes)}</dd>
</dl>`

const blobs = ({ blobs, blobBytes, limits }: Usage): string =>
  `${blobs === 0 ? 'None' : count(blobs)}, ${of(size, blobBytes, limits.blobBytes)}`

/** `12 of 100`, where there is a limit. */
const of = (show: (n: number) => string, used: number, limit: number): string =>
  limit === 0 ? show(used) : `${show(used)} of ${show(limit)}`

const count = (n: number): string => n.toLocaleString('en')

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** Bytes as people read them: `1.5 MB`. */
export function size(bytes: number): string {
  let unit = 0
  let value = bytes
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}
