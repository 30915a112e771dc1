/** A project with recipes and ratings: two collections, indexes, hooks, and a query over all accounts. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { type Files, lexicon, put } from '../../codegen/testing/project.ts'
import { copyProject } from './project.ts'

export const RECIPE = 'com.example.cook.recipe'
export const RATING = 'com.example.cook.rating'

const text = (maxLength: number) => ({ type: 'string', maxLength })
const time = { type: 'string', format: 'datetime' }

const lexicons: Files = {
  ...lexicon(RECIPE, {
    main: {
      type: 'record',
      key: 'tid',
      record: {
        type: 'object',
        required: ['title', 'createdAt'],
        properties: { title: text(300), text: text(10_000), createdAt: time },
      },
    },
  }),
  ...lexicon(RATING, {
    main: {
      type: 'record',
      key: 'tid',
      record: {
        type: 'object',
        required: ['subject', 'stars', 'createdAt'],
        properties: {
          subject: { type: 'ref', ref: 'com.atproto.repo.strongRef' },
          stars: { type: 'integer', minimum: 0, maximum: 10 },
          createdAt: time,
        },
      },
    },
  }),
  ...listing('com.example.cook.listRecipes'),
  ...listing('com.example.cook.pageRecipes'),
}

/** A query for a list of recipes. */
function listing(nsid: string): Files {
  return lexicon(nsid, {
    main: {
      type: 'query',
      parameters: {
        type: 'params',
        properties: {
          limit: { type: 'integer', minimum: 1, maximum: 100, default: 50 },
          cursor: { type: 'string' },
          search: { type: 'string' },
        },
      },
      output: {
        encoding: 'application/json',
        schema: {
          type: 'object',
          required: ['recipes'],
          properties: {
            cursor: { type: 'string' },
            recipes: { type: 'array', items: { type: 'ref', ref: '#recipeView' } },
          },
        },
      },
    },
    recipeView: {
      type: 'object',
      required: ['uri', 'title'],
      properties: {
        uri: { type: 'string', format: 'at-uri' },
        title: { type: 'string' },
        ratings: { type: 'integer' },
        newest: { type: 'array', items: { type: 'integer' } },
      },
    },
  })
}

const recipes = (
  hooks: string,
): string => `import { collection } from '#lex/com/example/cook/recipe'

export default collection({
  index: { byTime: ['createdAt'], byAuthor: ['@did', 'createdAt'] },
  search: ['title', 'text'],
${hooks}})
`

const ratings = (
  hooks: string,
): string => `import { collection } from '#lex/com/example/cook/rating'

export default collection({
  index: { bySubject: ['subject.uri', 'createdAt'] },
  errors: ['TooManyStars'],
  beforeWrite({ record, refuse }) {
    if (record && record.stars > 5) refuse('TooManyStars', 'five are enough')
  },
${hooks}})
`

const handler = `import { anyone } from 'cumulus'
import { define } from '#lex/com/example/cook/listRecipes'

export default define({
  auth: anyone,
  async handler({ params: { limit, cursor, search }, services }) {
    const recipes = services.index('com.example.cook.recipe')
    const page = search
      ? await recipes.search(search, { limit, cursor })
      : await recipes.byTime.page({ limit, cursor, reverse: true })
    const ratings = await services
      .index('com.example.cook.rating')
      .bySubject.group(page.records.map(({ uri }) => uri), { limit: 3, reverse: true })
    return {
      cursor: page.cursor,
      recipes: page.records.map(({ uri, value }) => {
        const { count = 0, records = [] } = ratings.get(uri) ?? {}
        return {
          uri,
          title: value.title,
          ratings: count,
          newest: records.map((rating) => rating.value.stars),
        }
      }),
    }
  },
})
`

/** What must not be public: drafts, and counts of a job; another fails. */
const app: Files = {
  'src/app/account/0001-drafts.sql':
    'CREATE TABLE draft (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;\n',
  'src/app/host/0001-counts.sql':
    'CREATE TABLE count (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT;\n',
  'src/jobs/count-runs.ts': `import { job } from 'cumulus'

export default job({
  cron: '0 3 1 1 *',
  async run({ services, log, lastRun }) {
    const [row] = await services.app.host.all<{ n: number }>(
      'INSERT INTO count VALUES (?, 1) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n',
      'runs',
    )
    const { did } = await services.accounts.get('user2.test')
    await services.app.account(did).run('INSERT INTO draft (text) VALUES (?)', 'not yet')
    const all = await services.app.host.all('SELECT * FROM count WHERE name = ?', 'runs')
    const total: number | undefined = all[0]?.n
    log.info('counted', { n: row?.n, total, again: lastRun !== undefined })
    if (total !== row?.n) throw new Error('the rows are not those that were written')
  },
})
`,
  'src/jobs/fail.ts': `import { job } from 'cumulus'

export default job({
  cron: '0 3 1 1 *',
  run() {
    throw new Error('<b>no</b> oven')
  },
})
`,
}

/** The same list without ratings: what a page costs alone. */
const pageHandler = `import { anyone } from 'cumulus'
import { define } from '#lex/com/example/cook/pageRecipes'

export default define({
  auth: anyone,
  async handler({ params: { limit, cursor }, services }) {
    const page = await services
      .index('com.example.cook.recipe')
      .byTime.page({ limit, cursor, reverse: true })
    return {
      cursor: page.cursor,
      recipes: page.records.map(({ uri, value }) => ({ uri, title: value.title })),
    }
  },
})
`

/**
 * Makes the project.
 *
 * @param hooks what the file of ratings has besides: lines of an object
 * @param options.collections false: without collection files, and what reads them
 * @param options.recipeHooks the same as `hooks` for the file of recipes
 * @param options.files more files
 */
export function makeCookProject(
  hooks = '',
  {
    collections = true,
    recipeHooks = '',
    files = {},
  }: { collections?: boolean; recipeHooks?: string; files?: Files } = {},
): string {
  const root = copyProject()
  put(root, {
    ...lexicons,
    ...(collections && app),
    ...files,
    ...(collections && {
      'src/collections/com/example/cook/recipe.ts': recipes(recipeHooks),
      'src/collections/com/example/cook/rating.ts': ratings(hooks),
      'src/handlers/com/example/cook/listRecipes.ts': handler,
      'src/handlers/com/example/cook/pageRecipes.ts': pageHandler,
    }),
  })
  execFileSync(process.execPath, [join(root, 'codegen/cli.ts')], { cwd: root, stdio: 'pipe' })
  return root
}
