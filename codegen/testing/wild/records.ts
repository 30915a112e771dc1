/** Records and shared definitions in the manner of published lexicons: what people keep in their repositories. */
import { type Files, lexicon } from '../project.ts'
import * as s from './schema.ts'

export const records: Files = {
  // Places, times and lists that several apps share.
  ...lexicon('community.sample.place.geo', {
    main: s.object(
      { 'latitude!': s.string(), 'longitude!': s.string(), altitude: s.string(), name: s.string() },
      { description: 'Coordinates as text, since there are no fractions.' },
    ),
  }),
  ...lexicon('community.sample.place.address', {
    main: s.object({ 'country!': s.string({ minLength: 2, maxLength: 10 }), street: s.string() }),
  }),
  ...lexicon('community.sample.place.hex', { main: s.object({ 'value!': s.string() }) }),
  ...s.record(
    'community.sample.calendar.event',
    {
      'name!': s.text(200),
      'createdAt!': s.date,
      startsAt: s.date,
      mode: s.ref('#mode'),
      status: s.ref('#status'),
      locations: s.array(
        s.union(
          '#uri',
          'community.sample.place.geo',
          'community.sample.place.address',
          'community.sample.place.hex',
        ),
      ),
      uris: s.array(s.ref('#uri')),
    },
    'tid',
    {
      mode: s.string({
        default: 'community.sample.calendar.event#inPerson',
        knownValues: [
          'community.sample.calendar.event#virtual',
          'community.sample.calendar.event#inPerson',
        ],
      }),
      virtual: { type: 'token', description: 'Everybody is at home.' },
      inPerson: { type: 'token', description: 'Everybody is there.' },
      status: s.known('community.sample.calendar.event#planned'),
      planned: { type: 'token' },
      cancelled: { type: 'token' },
      uri: s.object({ 'uri!': s.format('uri'), name: s.string() }),
    },
  ),
  ...s.record(
    'community.sample.calendar.answer',
    {
      'subject!': s.ref('community.sample.strongRef'),
      'status!': s.string({
        default: 'community.sample.calendar.answer#going',
        knownValues: [
          'community.sample.calendar.answer#going',
          'community.sample.calendar.answer#interested',
        ],
      }),
    },
    'tid',
    { going: { type: 'token' }, interested: { type: 'token' } },
  ),
  ...lexicon('community.sample.strongRef', {
    main: s.object({ 'uri!': s.format('at-uri'), 'cid!': s.format('cid') }),
  }),
  // A union of whole records, and a reference to one.
  ...s.record('community.sample.saved.item', {
    'subject!': s.union('community.sample.calendar.event', 'community.sample.calendar.answer'),
    first: s.ref('community.sample.calendar.event'),
    tags: s.array(s.string()),
  }),
  ...s.record(
    'community.sample.pay.address',
    { 'type!': s.known('a', 'b'), 'address!': s.string() },
    'any',
  ),
  ...s.record('community.sample.pay.verification', { 'network!': s.string() }),
  // Things that go by one name for each account, or by a name of another kind.
  ...s.record(
    'app.sample.actor.profile',
    {
      displayName: s.text(64),
      avatar: s.blob('image/png', 'image/jpeg'),
      pronouns: s.array(s.text(20), { maxLength: 4 }),
      pinned0: s.ref('community.sample.strongRef'),
    },
    'literal:self',
  ),
  ...s.record('app.sample.feature.flags', { 'flags!': s.array(s.string()) }, 'nsid'),
  ...s.record(
    'app.sample.settings',
    {
      theme: s.string({ enum: ['dark', 'light'], default: 'dark' }),
      size: s.integer({ enum: [12, 14, 18], default: 14 }),
      exact: s.boolean({ const: true }),
      level: s.integer({ minimum: -10, maximum: 10 }),
    },
    'literal:settings',
  ),
}
