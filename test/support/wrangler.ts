/** The stand-in for wrangler, with a Cloudflare of its own behind it. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @returns settings by which `cumulus` finds it */
export function standInForWrangler(state: object = {}): Record<string, string> {
  const folder = mkdtempSync(join(tmpdir(), 'cloudflare-'))
  const file = join(folder, 'state.json')
  const empty = { signedIn: true, r2: true, buckets: [], secrets: [] }
  writeFileSync(file, JSON.stringify({ ...empty, ...state }))
  return {
    CUMULUS_WRANGLER: join(import.meta.dirname, 'wrangler-stand-in.mjs'),
    STAND_IN_LOG: join(folder, 'log'),
    STAND_IN_STATE: file,
  }
}
