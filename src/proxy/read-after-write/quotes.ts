/** Views of records that new posts quote: the AppView has them. */
import { jsonToLex } from '@atproto/lexicon'
import { AtUri } from '@atproto/syntax'
import type { View } from '#types/app/bsky/embed/record'
import {
  type GeneratorView,
  type PostView,
  validateGeneratorView,
  validatePostView,
} from '#types/app/bsky/feed/defs'
import { type ListView, validateListView } from '#types/app/bsky/graph/defs'
import type { Ask } from './upstream.ts'

type QuoteView = View['record']

/**
 * Asks for the views of records by their URIs: all posts at once, feeds and lists one by one. What the
 * AppView does not know, or is of another kind, is shown as not found; a URI for which the AppView gave no
 * usable answer is left out.
 */
export async function fetchQuotes(
  uris: readonly string[],
  ask: Ask,
): Promise<Map<string, QuoteView>> {
  const views = new Map<string, QuoteView>()
  const posts = uris.filter((uri) => kindOf(uri) === 'app.bsky.feed.post')
  const others = uris.filter((uri) => !posts.includes(uri))
  await Promise.allSettled([
    ...(posts.length > 0 ? [addPosts(posts, ask, views)] : []),
    ...others.map(async (uri) => views.set(uri, (await askForOther(uri, ask)) ?? notFound(uri))),
  ])
  return views
}

async function addPosts(uris: readonly string[], ask: Ask, views: Map<string, QuoteView>) {
  const answer = await ask(
    'app.bsky.feed.getPosts',
    uris.map((uri) => ['uris', uri]),
  )
  const found = answer?.posts
  if (!Array.isArray(found)) return
  for (const uri of uris) views.set(uri, notFound(uri))
  for (const post of found) {
    if (isPost(post) && views.has(post.uri)) views.set(post.uri, quoteOf(post))
  }
}

async function askForOther(uri: string, ask: Ask): Promise<QuoteView | undefined> {
  switch (kindOf(uri)) {
    case 'app.bsky.feed.generator': {
      const view = (await ask('app.bsky.feed.getFeedGenerator', [['feed', uri]]))?.view
      return isGenerator(view) ? { ...view, $type: 'app.bsky.feed.defs#generatorView' } : undefined
    }
    case 'app.bsky.graph.list': {
      const query: [string, string][] = [
        ['list', uri],
        ['limit', '1'],
      ]
      const view = (await ask('app.bsky.graph.getList', query))?.list
      return isList(view) ? { ...view, $type: 'app.bsky.graph.defs#listView' } : undefined
    }
    default:
      return undefined
  }
}

/** A post, as it is shown within another one. */
export function quoteOf({
  uri,
  cid,
  author,
  record,
  labels,
  embed,
  indexedAt,
}: PostView): QuoteView {
  return {
    $type: 'app.bsky.embed.record#viewRecord',
    uri,
    cid,
    author,
    value: record,
    labels,
    embeds: embed && [embed],
    indexedAt,
  }
}

const notFound = (uri: string): QuoteView => ({
  $type: 'app.bsky.embed.record#viewNotFound',
  uri,
  notFound: true,
})

const kindOf = (uri: string): string => new AtUri(uri).collection

// Views go on as the JSON that they came as; they are only checked.
const isPost = (view: unknown): view is PostView =>
  isObject(view) && validatePostView(jsonToLex(view as never)).success
const isGenerator = (view: unknown): view is GeneratorView =>
  isObject(view) && validateGeneratorView(jsonToLex(view as never)).success
const isList = (view: unknown): view is ListView =>
  isObject(view) && validateListView(jsonToLex(view as never)).success
const isObject = (view: unknown): boolean => typeof view === 'object' && view !== null
