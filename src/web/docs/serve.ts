/** The pages below `/docs`: every method and record of this host, for whoever writes an app. Loaded when first asked for. */
import { Hono } from 'hono'
import { errorResponse, isInternal } from '../../server/xrpc/answer.ts'
import type { PageBindings } from '../account/page-env.ts'
import { DOCS_SCRIPT_TEXT } from '../assets/docs-script.ts'
import { pageHeaders } from '../layout.ts'
import { indexPage } from './index-page.ts'
import { lexiconPage } from './lexicon-page.ts'
import { DOCS, DOCS_SCRIPT } from './paths.ts'
import { documentedLexicons } from './source.ts'

export const docs = new Hono<{ Bindings: PageBindings }>()
  .basePath(DOCS)
  .use(async (c, next) => {
    await next()
    const needs = { scripts: [DOCS_SCRIPT], connect: ['/xrpc/'] }
    const headers = pageHeaders(c.req.raw, c.env.services.config, needs)
    for (const [name, value] of Object.entries(headers)) c.res.headers.set(name, value)
  })
  .get('/', async (c) => {
    const search = { words: c.req.query('q')?.trim() ?? '', kind: c.req.query('kind') ?? '' }
    return c.html(indexPage(await documentedLexicons(), search, c.env.services))
  })
  .get('/docs.js', (c) =>
    c.body(DOCS_SCRIPT_TEXT, 200, {
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': 'public, max-age=300',
    }),
  )
  .get('/:nsid', async (c, next) => {
    const lexicons = await documentedLexicons()
    const lexicon = lexicons.get(c.req.param('nsid'))
    return lexicon ? c.html(await lexiconPage(lexicon, lexicons, c.env.services)) : next()
  })
  .notFound((c) => c.text('There is nothing here.', 404))
  .onError((error, c) => {
    if (isInternal(error)) c.env.services.log.error('request failed', error, { path: c.req.path })
    return errorResponse(error)
  })
