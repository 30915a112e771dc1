import { html } from 'hono/html'
import type { Usage } from '../../../storage/account/usage.ts'
import type { Html } from '../../layout.ts'

export const usageList = (usage: Usage): Html => html`<dl>
<dt>Records</dt><dd>${count(usage.records)} (posts, likes, follows and so on)</dd>
<dt>Database</dt><dd>${size(usage.databaseBytes)}</dd>
<dt>Images and other blobs</dt><dd>${usage.blobs === 0 ? 'None' : `${count(usage.blobs)}, ${size(usage.blobBytes)}`}</dd>
</dl>`

const count = (n: number): string => n.toLocaleString('en')

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

/** Bytes as people read them: `1.5 MB`. */
export function size(bytes: number): string {
  let unit = 0
  let value = bytes
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`
}
