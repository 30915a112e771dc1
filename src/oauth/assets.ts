/** The files of the provider's pages: static assets on Cloudflare, a folder on plain workerd. */
import manifest from '@atproto/oauth-provider-ui/bundle-manifest.json'
import type { Env } from '../contracts/env.ts'
import { ASSETS } from './paths.ts'

const files: Readonly<Record<string, { mime: string } | undefined>> = manifest

/** A file by its name in the manifest, which holds a hash of what is in it: so it never changes. */
export async function serveAsset(path: string, assets: Env['ASSETS']): Promise<Response> {
  const name = path.slice(ASSETS.length)
  const file = Object.hasOwn(files, name) ? files[name] : undefined
  const found = file && (await assets.fetch(`http://assets/${name}`))
  if (!file || !found?.ok) return new Response('no such file\n', { status: 404 })
  return new Response(found.body, {
    headers: {
      'content-type': file.mime,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    },
  })
}
