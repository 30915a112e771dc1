/** How the caller's new records look to the caller. */
import { lexToJson } from '@atproto/lexicon'
import type { ProfileViewBasic, ProfileViewDetailed } from '#types/app/bsky/actor/defs'
import type { PostView } from '#types/app/bsky/feed/defs'
import { embedView, type QuoteViews, quotedUri } from './embeds.ts'
import type { ImageUrl } from './image-url.ts'
import type { LocalPost, LocalRecords } from './local.ts'
import { refreshBasic, refreshDetailed } from './profile.ts'
import { quoteOf } from './quotes.ts'

/** Finds the views of quoted records, by URI. */
export type FindQuotes = (uris: readonly string[]) => Promise<QuoteViews>

/** Views of what the AppView does not show yet, and of what it shows in an old version. */
export class LocalViewer {
  readonly local: LocalRecords
  readonly #imageUrl: ImageUrl
  readonly #findQuotes: FindQuotes

  constructor(local: LocalRecords, imageUrl: ImageUrl, findQuotes: FindQuotes) {
    this.local = local
    this.#imageUrl = imageUrl
    this.#findQuotes = findQuotes
  }

  /** The view as the profile is now; the same object unless it is the caller's and out of date. */
  refreshBasic<View extends ProfileViewBasic>(view: View): View {
    const profile = this.#newProfileOf(view.did)
    return profile ? refreshBasic(view, profile, this.#imageUrl) : view
  }

  /** The same for the view of a profile page. */
  refreshDetailed(view: ProfileViewDetailed): ProfileViewDetailed {
    const profile = this.#newProfileOf(view.did)
    return profile ? refreshDetailed(view, profile, this.#imageUrl) : view
  }

  /** Views of new posts, in the order of the posts. What they quote is asked for first. */
  async postViews(posts: readonly LocalPost[]): Promise<PostView[]> {
    const own = new Map(this.local.posts.map((post) => [post.uri, post]))
    const uris = new Set(posts.flatMap(({ record }) => quotedUri(record) ?? []))
    const foreign = [...uris].filter((uri) => !own.has(uri))
    const quotes = new Map(foreign.length > 0 ? await this.#findQuotes(foreign) : [])
    for (const uri of uris) {
      const post = own.get(uri)
      // A quote within a quote shows no more than that it is there.
      if (post) quotes.set(uri, quoteOf(this.#postView(post, new Map())))
    }
    return posts.map((post) => this.#postView(post, quotes))
  }

  #postView({ uri, cid, record, indexedAt }: LocalPost, quotes: QuoteViews): PostView {
    return {
      uri,
      cid,
      author: this.#author(),
      record: lexToJson(record as never) as PostView['record'],
      embed: record.embed && embedView(record.embed, this.#imageUrl, quotes),
      // Nobody can have seen it yet.
      replyCount: 0,
      repostCount: 0,
      likeCount: 0,
      quoteCount: 0,
      indexedAt,
    }
  }

  #author(): ProfileViewBasic {
    const { did, handle, profile } = this.local
    const view = { did, handle }
    return profile ? refreshBasic(view, profile, this.#imageUrl) : view
  }

  #newProfileOf(did: string) {
    const { profile, profileChangedAt } = this.local
    return did === this.local.did && profileChangedAt !== undefined ? profile : undefined
  }
}
