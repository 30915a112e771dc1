/** What is embedded in a post, as an AppView shows it. */

import * as External from '#types/app/bsky/embed/external'
import * as Images from '#types/app/bsky/embed/images'
import * as Quote from '#types/app/bsky/embed/record'
import * as QuoteWithMedia from '#types/app/bsky/embed/recordWithMedia'
import type { PostView } from '#types/app/bsky/feed/defs'
import type { Record as Post } from '#types/app/bsky/feed/post'
import type { $Typed } from '../../kernel/lexicon-types.ts'
import type { ImageUrl } from './image-url.ts'

/** Views of quoted records by URI; one that nobody could be asked for is missing. */
export type QuoteViews = ReadonlyMap<string, Quote.View['record']>

type Embed = NonNullable<Post['embed']>
type EmbedView = NonNullable<PostView['embed']>

/** The URI of the record that a post quotes. */
export function quotedUri({ embed }: Post): string | undefined {
  if (Quote.isMain(embed)) return embed.record.uri
  if (QuoteWithMedia.isMain(embed)) return embed.record.record.uri
  return undefined
}

/**
 * The view of an embed. Undefined for kinds of which only an AppView knows how they look, such as videos,
 * and for quotes without a view.
 */
export function embedView(
  embed: Embed,
  imageUrl: ImageUrl,
  quotes: QuoteViews,
): EmbedView | undefined {
  if (Quote.isMain(embed)) return quoteView(embed, quotes)
  if (!QuoteWithMedia.isMain(embed)) return mediaView(embed, imageUrl)
  const media = mediaView(embed.media, imageUrl)
  const record = quoteView(embed.record, quotes)
  if (!media || !record) return undefined
  const view: $Typed<QuoteWithMedia.View> = {
    $type: 'app.bsky.embed.recordWithMedia#view',
    record,
    media,
  }
  return view
}

function mediaView(embed: Embed, imageUrl: ImageUrl) {
  if (Images.isMain(embed)) return imagesView(embed, imageUrl)
  if (External.isMain(embed)) return externalView(embed, imageUrl)
  return undefined
}

function imagesView({ images }: Images.Main, imageUrl: ImageUrl): $Typed<Images.View> {
  return {
    $type: 'app.bsky.embed.images#view',
    images: images.map(({ image, alt, aspectRatio }) => ({
      thumb: imageUrl('feed_thumbnail', image),
      fullsize: imageUrl('feed_fullsize', image),
      alt,
      aspectRatio,
    })),
  }
}

function externalView({ external }: External.Main, imageUrl: ImageUrl): $Typed<External.View> {
  const { uri, title, description, thumb } = external
  return {
    $type: 'app.bsky.embed.external#view',
    external: { uri, title, description, thumb: thumb && imageUrl('feed_thumbnail', thumb) },
  }
}

function quoteView({ record }: Quote.Main, quotes: QuoteViews): $Typed<Quote.View> | undefined {
  const view = quotes.get(record.uri)
  return view && { $type: 'app.bsky.embed.record#view', record: view }
}
