/** Methods and permission sets in the manner of published lexicons: what apps ask of servers. */
import { type Files, lexicon } from '../project.ts'
import * as s from './schema.ts'

const page = { limit: s.integer({ minimum: 1, maximum: 100, default: 50 }), cursor: s.string() }
const view = 'app.sample.views.defs'

export const methods: Files = {
  ...lexicon(view, {
    entryView: s.object({
      'uri!': s.format('at-uri'),
      'record!': s.unknown,
      'author!': s.ref('#person'),
      viewer: s.ref('#viewerState'),
      embed: s.union('#imagesView', '#linkView', '#recordView'),
      likeCount: s.integer({ default: 0 }),
    }),
    person: s.object({ 'did!': s.format('did'), 'handle!': s.format('handle') }),
    viewerState: s.object({ like: s.format('at-uri'), 'muted!': s.boolean({ default: false }) }),
    imagesView: s.object({ 'images!': s.array(s.ref('#imageView'), { maxLength: 4 }) }),
    imageView: s.object({ 'thumb!': s.format('uri'), 'alt!': s.string() }),
    linkView: s.object({ 'uri!': s.format('uri') }),
    recordView: s.object({ 'record!': s.union('#entryView', '#notFound', '#blocked') }),
    notFound: s.object({ 'uri!': s.format('at-uri'), 'notFound!': s.boolean({ const: true }) }),
    blocked: s.object({ 'uri!': s.format('at-uri'), 'blocked!': s.boolean({ const: true }) }),
  }),
  ...s.query(
    'app.sample.feed.getTimeline',
    page,
    s.json(
      s.object({
        cursor: s.string(),
        'feed!': s.array(s.ref(`${view}#entryView`)),
        isLast: s.boolean({ default: false }),
      }),
    ),
  ),
  ...s.query(
    'app.sample.feed.search',
    {
      'q!': s.string(),
      sort: s.string({ enum: ['top', 'latest'], default: 'latest' }),
      tag: s.array(s.string()),
      ...page,
    },
    s.json(s.object({ 'hits!': s.array(s.ref(`${view}#entryView`)) })),
  ),
  ...s.query(
    'app.sample.feed.getOne',
    { 'uri!': s.format('at-uri'), maxDepth: s.integer() },
    s.json(s.ref(`${view}#entryView`)),
  ),
  ...s.query(
    'app.sample.feed.getAny',
    { 'uri!': s.format('at-uri') },
    s.json(s.union(`${view}#entryView`, `${view}#notFound`)),
  ),
  ...lexicon('app.sample.feed.getFirst', {
    main: {
      type: 'query',
      output: s.json(s.closed(`${view}#entryView`, `${view}#notFound`, `${view}#blocked`)),
      errors: [{ name: 'NotFound' }, { name: 'Blocked', description: 'By whoever wrote it.' }],
    },
  }),
  ...lexicon('app.sample.server.ping', { main: { type: 'query' } }),
  ...lexicon('app.sample.server.describe', {
    main: {
      type: 'query',
      description: 'What there is.',
      output: { encoding: 'application/json' },
    },
  }),
  ...s.query(
    'app.sample.export.getCar',
    { 'did!': s.format('did') },
    { encoding: 'application/vnd.ipld.car' },
  ),
  ...s.query('app.sample.export.getAny', { 'did!': s.format('did') }, { encoding: '*/*' }),
  ...s.query(
    'app.sample.stats.get',
    { since: s.string({ format: 'datetime' }), ids: s.array(s.integer()), fresh: s.boolean() },
    s.json(s.object({ 'days!': s.array(s.ref('#day')) })),
    {
      day: s.object({ 'date!': s.string(), 'count!': s.integer() }),
    },
  ),
  ...s.procedure('app.sample.entry.create', {
    description: 'Writes an entry.',
    input: s.json(
      s.object({
        'text!': s.text(300),
        langs: s.array(s.format('language')),
        draft: s.boolean({ default: false }),
      }),
    ),
    output: s.json(s.object({ 'uri!': s.format('at-uri'), 'cid!': s.format('cid') })),
    errors: [{ name: 'TooLong' }, { name: 'RateLimitExceeded' }],
  }),
  ...s.procedure(
    'app.sample.entry.batch',
    {
      input: s.json(s.object({ 'ops!': s.array(s.closed('#add', '#remove'), { maxLength: 200 }) })),
      output: s.json(s.object({ results: s.array(s.closed('#added', '#removed')) })),
    },
    {
      add: s.object({ 'value!': s.unknown }),
      remove: s.object({ 'uri!': s.format('at-uri') }),
      added: s.object({ 'uri!': s.format('at-uri') }),
      removed: s.object({}),
    },
  ),
  ...s.procedure('app.sample.entry.touch', {}),
  ...s.procedure('app.sample.media.upload', {
    input: { encoding: 'video/mp4' },
    output: s.json(s.object({ 'job!': s.ref('app.sample.media.defs#job') })),
  }),
  ...s.procedure('app.sample.media.uploadAny', {
    input: { encoding: 'image/png, image/jpeg' },
    output: { encoding: 'image/webp' },
  }),
  ...s.procedure('app.sample.media.submit', { input: s.json(s.ref('app.sample.media.defs#job')) }),
  ...s.procedure(
    'app.sample.media.report',
    { input: s.json(s.union('app.sample.media.defs#job', '#other')) },
    {
      other: s.object({ reason: s.string() }),
    },
  ),
  ...lexicon('app.sample.media.defs', {
    job: s.object({
      'id!': s.string(),
      'state!': s.known(
        'JOB_STATE_COMPLETED',
        'JOB_STATE_FAILED',
        'JOB_STATE_WAITING',
        'JOB_STATE_RUNNING',
      ),
      progress: s.integer({ minimum: 0, maximum: 100 }),
      blob: s.blob(),
    }),
  }),
  ...s.procedure('app.sample.notify.register', {
    parameters: { type: 'params', properties: { dry: s.boolean({ default: true }) } },
    input: s.json(
      s.object({ 'token!': s.string(), 'platform!': s.known('ios', 'android', 'web') }),
    ),
  }),
  ...s.subscription(
    'app.sample.stream.events',
    { cursor: s.integer(), wantedCollections: s.array(s.format('nsid'), { maxLength: 100 }) },
    {
      message: { schema: s.union('#created', '#deleted', '#info') },
      errors: [{ name: 'FutureCursor' }, { name: 'ConsumerTooSlow' }],
    },
    {
      created: s.object({ 'seq!': s.integer(), 'record!': s.unknown, 'time!': s.date }),
      deleted: s.object({ 'seq!': s.integer(), 'uri!': s.format('at-uri') }),
      info: s.object({ 'name!': s.known('OutdatedCursor') }),
    },
  ),
  ...lexicon('app.sample.stream.moves', {
    main: { type: 'subscription', message: { schema: s.closed('#move') } },
    move: s.object({ 'x!': s.integer(), 'y!': s.integer() }),
  }),
  ...lexicon('app.sample.authEntries', {
    main: {
      type: 'permission-set',
      title: 'Entries',
      'title:lang': { de: 'Einträge' },
      detail: 'Write entries and read the timeline.',
      permissions: [
        { type: 'permission', resource: 'repo', collection: ['app.sample.blog.entry'] },
        { type: 'permission', resource: 'rpc', lxm: ['app.sample.feed.getTimeline'], aud: '*' },
      ],
    },
  }),
}
