/** Shapes that are met in the wild too, and for which lex-cli makes types that are wrong, or none. */
import { type Files, lexicon } from '../project.ts'
import * as s from './schema.ts'

export const faulty: Files = {
  ...s.query(
    'org.sample.list',
    { kinds: s.array(s.known('a', 'b')), only: s.array(s.string({ enum: ['a', 'b'] })) },
    s.json(s.object({ 'levels!0': s.array(s.known('low', 'high')) })),
  ),
  ...lexicon('org.sample.sets', {
    languages: s.array(s.known('de', 'en')),
    numbers: s.array(s.integer({ enum: [1, 2] })),
    holder: s.object({
      'gone!0': s.array(s.string()),
      kind: s.ref('#special'),
      main: s.ref('org.sample.token'),
    }),
    special: { type: 'token' },
    short: s.known('#special'),
    typed: s.object({ $type: s.string(), a: s.boolean() }),
    nothing: s.object({ none: s.closed(), 'nones!': s.array(s.closed()) }),
  }),
  ...s.query(
    'org.sample.find',
    { 'max-depth': s.integer(), 'x-a!': s.string({ description: '*/' }) },
    s.json(s.object({ 'sun-hours!0': s.integer({ description: 'Of a day. */' }) })),
  ),
  ...s.query(
    'app.sample.export.getSome',
    { as: s.string() },
    { encoding: 'text/csv, application/json', schema: s.object({}) },
  ),
  ...lexicon('org.sample.token', { main: { type: 'token' } }),
  ...s.record('org.sample.record', { 'record!': s.ref('#record'), v: s.ref('#v') }, 'tid', {
    record: s.object({ 'uri!': s.string() }),
    v: s.object({ a: s.boolean() }),
  }),
  ...lexicon('org.sample.names', {
    CID: s.object({ link: { type: 'cid-link' } }),
    blobRef: s.object({ blob: s.blob() }),
    uint8Array: s.object({ bytes: { type: 'bytes' } }),
    validationResult: s.object({}),
    omitKey: s.object({}),
    V: s.object({ cid: s.ref('#CID') }),
    orgSampleAB: s.object({ one: s.ref('org.sample.aB'), other: s.ref('org.sample.a.b') }),
  }),
  ...lexicon('org.sample.aB', { main: s.object({ a: s.boolean() }) }),
  ...lexicon('org.sample.a.b', { main: s.object({ b: s.boolean() }) }),
  ...s.subscription(
    'org.sample.watch',
    {},
    { message: { schema: s.union('#errorFrame', '#incomingMessage') } },
    {
      errorFrame: s.object({}),
      incomingMessage: s.object({}),
    },
  ),
  ...s.procedure(
    'org.sample.put',
    { input: { encoding: '*/*' }, output: { encoding: '*/*' } },
    {
      blob: s.object({}),
      uint8Array: s.object({}),
    },
  ),
}
