/** More records, in the manner of published lexicons: texts, collections, code, play. */
import { type Files, lexicon } from '../project.ts'
import * as s from './schema.ts'

export const writing: Files = {
  // Writing.
  ...s.record(
    'app.sample.blog.entry',
    {
      'title!': s.text(300),
      'blocks!': s.array(s.union('#text', '#image', '#code', '#rule')),
      theme: s.ref('app.sample.blog.theme#colours'),
      visibility: s.string({ enum: ['public', 'url', 'author'] }),
    },
    'tid',
    {
      text: s.object({ 'value!': s.string(), facets: s.array(s.ref('app.sample.rich.facet')) }),
      image: s.object({ 'file!': s.blob('image/*'), alt: s.string() }),
      code: s.object({ 'value!': s.string(), language: s.string() }),
      rule: s.object({}),
    },
  ),
  ...lexicon('app.sample.blog.theme', {
    colours: s.object({ primary: s.union('#rgb', '#rgba'), background: s.closed('#rgb') }),
    rgb: s.object({ 'r!': s.ref('#channel'), 'g!': s.ref('#channel'), 'b!': s.ref('#channel') }),
    rgba: s.object({ 'r!': s.ref('#channel'), 'a!': s.integer({ minimum: 0, maximum: 100 }) }),
    channel: s.integer({ minimum: 0, maximum: 255 }),
  }),
  ...lexicon('app.sample.rich.facet', {
    main: s.object({
      'index!': s.ref('#byteSlice'),
      'features!': s.array(s.union('#link', '#bold', '#underline-thick', '#strike_through')),
    }),
    byteSlice: s.object({ 'byteStart!': s.integer({ minimum: 0 }), 'byteEnd!': s.integer() }),
    link: s.object({ 'uri!': s.string() }),
    bold: s.object({}, { description: 'Bold.\n\nIn two paragraphs: "quoted", `code` and \\ too.' }),
    'underline-thick': s.object({}),
    strike_through: s.object({}),
  }),
  // Trees that hold themselves.
  ...lexicon('app.sample.outline.defs', {
    node: s.object({ text: s.string(), children: s.array(s.ref('#node')), parent: s.ref('#node') }),
    forest: s.array(s.ref('#node')),
    either: s.array(s.union('#node', 'app.sample.outline.page')),
  }),
  ...s.record('app.sample.outline.page', {
    'root!': s.ref('app.sample.outline.defs#node'),
    others: s.ref('app.sample.outline.defs#forest'),
  }),
  // Collecting.
  ...s.record('app.sample.books.book', {
    'title!': s.string(),
    'authors!': s.string({ description: 'Separated by tabs.' }),
    status: s.known('app.sample.books.defs#finished', 'app.sample.books.defs#reading'),
    stars: s.integer({ minimum: 1, maximum: 10 }),
    identifiers: s.ref('app.sample.books.defs#ids'),
  }),
  ...lexicon('app.sample.books.defs', {
    finished: { type: 'token', description: 'It was read.' },
    reading: { type: 'token' },
    abandoned: { type: 'token' },
    ids: s.object({ isbn10: s.string(), isbn13: s.string(), hiveId: s.string() }),
    state: s.known('app.sample.books.defs#finished', 'app.sample.books.defs#reading'),
  }),
  ...s.record('fm.sample.play', {
    'trackName!': s.string({ minLength: 1, maxLength: 256 }),
    duration: s.integer(),
    artists: s.array(s.ref('fm.sample.defs#artist')),
    musicServiceBaseDomain: s.string(),
    submissionClientAgent: s.string(),
  }),
  ...lexicon('fm.sample.defs', {
    artist: s.object({ 'artistName!': s.string(), artistMbId: s.string() }),
    picture: s.blob('image/webp'),
    fingerprint: { type: 'bytes', maxLength: 64 },
    snapshot: { type: 'cid-link' },
    anything: s.unknown,
    loudness: s.integer({ enum: [-1, 0, 1] }),
    isLive: s.boolean(),
  }),
  ...s.record('games.sample-studio.score', { 'points!': s.integer(), proof: { type: 'bytes' } }),
  ...s.record(
    'games.sample-studio.save',
    {
      'state!': s.unknown,
      previous: { type: 'cid-link' },
      files: s.array(s.blob('*/*'), { maxLength: 8 }),
      chunks: s.array({ type: 'bytes' }),
      links: s.array({ type: 'cid-link' }),
      more: s.array(s.unknown),
    },
    'any',
  ),
  // Code and tools: names of all kinds.
  ...s.record('sh.sample.repo', {
    'name!': s.string(),
    'knot!': s.string(),
    spindle: s.string(),
    _internal: s.boolean(),
    $schema: s.format('uri'),
    default: s.boolean(),
    description: s.text(300),
    type: s.string(),
    required: s.array(s.string()),
    properties: s.unknown,
    ref: s.string(),
    refs: s.array(s.string()),
  }),
  ...s.record(
    'sh.sample.repo.pull',
    {
      'patch!': s.blob('application/gzip'),
      'target!': s.ref('#target'),
      source: s.ref('#source'),
    },
    'tid',
    {
      target: s.object({ 'repo!': s.format('at-uri'), 'branch!': s.string() }),
      source: s.object({ 'sha!': s.string({ minLength: 40, maxLength: 40 }) }),
    },
  ),
  ...s.record(
    'sh.sample.label.op',
    {
      'performedAt!': s.date,
      'add!': s.array(s.ref('#operand')),
      'delete!': s.array(s.ref('#operand')),
    },
    'tid',
    { operand: s.object({ 'key!': s.format('at-uri'), 'value!': s.string() }) },
  ),
  ...s.record('sh.sample.key', { 'key!': s.string(), 'name!': s.string() }, 'any'),
  // Long names, which end up in lines of their own.
  ...lexicon('org.sample.verylongdomainname.collaborativeAnnotation.defs', {
    collaborativeAnnotationSelectorWithContext: s.object({ 'exact!': s.string() }),
    anotherCollaborativeAnnotationSelector: s.object({ 'start!': s.integer() }),
    selectors: s.array(
      s.union(
        '#collaborativeAnnotationSelectorWithContext',
        '#anotherCollaborativeAnnotationSelector',
      ),
    ),
  }),
  ...s.record('org.sample.annotation', {
    'target!': s.union(
      'org.sample.verylongdomainname.collaborativeAnnotation.defs#collaborativeAnnotationSelectorWithContext',
      'org.sample.verylongdomainname.collaborativeAnnotation.defs#anotherCollaborativeAnnotationSelector',
    ),
    motivation: s.known(
      'commenting',
      'describing',
      'highlighting',
      'linking',
      'questioning',
      'other',
    ),
  }),
  // Fields that the language does not know, and formats.
  ...lexicon('net.sample.odd.extras', {
    main: {
      type: 'record',
      key: 'any',
      'x-category': 'odd',
      record: {
        ...s.object({
          at: s.format('at-identifier'),
          did: s.format('did'),
          handle: s.format('handle'),
          lang: s.format('language'),
          nsid: s.format('nsid'),
          rkey: s.format('record-key'),
          tid: s.format('tid'),
        }),
        additionalProperties: false,
      },
    },
  }),
  ...s.record('net.sample.empty', {}),
  ...lexicon('net.sample.tokens', {
    main: { type: 'token', description: 'The main thing can be one too.' },
    'in-progress': { type: 'token' },
    done_well: { type: 'token' },
  }),
  ...lexicon('net.sample.emoji', {
    main: s.object({ 'reaction!': s.known('👍', '❤️', "it's", '"', '\\') }),
  }),
  ...s.record('ch.sample.poll.vote', {
    'option!': s.integer({ minimum: 0 }),
    'poll!': s.ref('community.sample.strongRef'),
  }),
  ...s.record(
    'ch.sample.poll.poll',
    { 'options!': s.array(s.ref('#option'), { minLength: 2, maxLength: 12 }), 'endsAt!0': s.date },
    'tid',
    {
      option: s.object({ 'text!': s.text(80), image0: s.blob('image/png') }),
    },
  ),
  // Older habits: URIs with a scheme, required lists that are empty, and limits on everything.
  ...lexicon('se.sample.weather.defs', {
    reading: s.object({ 'value!': s.integer(), unit: s.known('C', 'K') }),
    series: s.array(s.ref('lex:se.sample.weather.defs#reading'), { maxLength: 1_000 }),
  }),
  ...s.record('se.sample.weather.station', {
    'last!': s.ref('lex:se.sample.weather.defs#reading'),
    history: s.ref('se.sample.weather.defs#series'),
    alarm: s.union('lex:se.sample.weather.defs#reading'),
  }),
  ...s.record(
    'at.sample.garden.plant',
    {
      'species!': s.string({ minGraphemes: 1, maxGraphemes: 100 }),
      watered: s.array(s.date, { minLength: 1 }),
      photos: s.array(s.ref('#photo')),
      sunHours0: s.integer(),
    },
    'tid',
    {
      photo: s.object({ 'image!': s.blob('image/*'), aspect: s.ref('#aspect') }),
      aspect: s.object({ 'w!': s.integer({ minimum: 1 }), 'h!': s.integer({ minimum: 1 }) }),
    },
  ),
  ...lexicon('at.sample.garden.guild', {
    main: s.object({
      plants: s.array(s.ref('at.sample.garden.plant#photo')),
      main: s.ref('#main'),
    }),
  }),
}
