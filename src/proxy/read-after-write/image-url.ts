import type { BlobRef } from '@atproto/lexicon'
import type { Config } from '../../kernel/config/config.ts'

/** Sizes and shapes that an AppView has images in. */
export type ImageKind = 'avatar' | 'banner' | 'feed_thumbnail' | 'feed_fullsize'

/** Where clients find an image of the account. */
export type ImageUrl = (kind: ImageKind, image: BlobRef) => string

/** By the operator's pattern for the AppView's images; without one, the blob as it was uploaded. */
export function imageUrls(
  did: string,
  { imageUrlPattern, publicUrl }: Pick<Config, 'imageUrlPattern' | 'publicUrl'>,
): ImageUrl {
  return (kind, { ref }) => {
    const cid = ref.toString()
    if (imageUrlPattern === undefined) {
      return `${publicUrl}/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${cid}`
    }
    const parts = [kind, did, cid]
    return imageUrlPattern.replaceAll('%s', () => parts.shift() ?? '')
  }
}
