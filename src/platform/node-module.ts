/**
 * Stands in for `node:module`. The one who asks for it is `@atproto/oauth-provider`, which reads the list of its
 * pages' files that way; here the list is in the bundle, and the files are static assets (src/oauth/assets.ts).
 */
import manifest from '@atproto/oauth-provider-ui/bundle-manifest.json'

const MANIFEST = '@atproto/oauth-provider-ui/bundle-manifest.json'

interface Require {
  (path: string): unknown
  resolve(path: string): string
}

export function createRequire(): Require {
  const find = (path: string): unknown => {
    if (path === MANIFEST) return manifest
    throw new Error(`cannot require ${path} on workerd`)
  }
  return Object.assign(find, { resolve: (path: string) => path })
}
