import { describe, expect, test } from 'vitest'
import { routes } from '../generated/routes.ts'
import { decide } from './decide.ts'

describe('a method without a handler', () => {
  test.each([
    ['app.bsky.feed.getTimeline', 'appview'],
    ['app.bsky.not.yet.known', 'appview'],
    ['chat.bsky.convo.listConvos', 'chat'],
    ['tools.ozone.moderation.getEvent', 'moderation'],
    ['com.atproto.moderation.createReport', 'moderation'],
    ['com.atproto.label.queryLabels', 'appview'],
    ['com.atproto.temp.fetchLabels', 'appview'],
    ['com.example.anything', 'appview'],
    ['community.lexicon.calendar.listEvents', 'appview'],
  ])('%s goes to the %s', (nsid, service) => {
    expect(decide(nsid, false)).toMatchObject({ to: 'proxy', service })
  })

  test.each([
    'com.atproto.server.createAppPassword',
    'com.atproto.identity.signPlcOperation',
    'com.atproto.admin.sendEmail',
    'com.atproto.repo.somethingNew',
    'com.atproto.sync.requestCrawl',
    'com.atproto.label.subscribeLabels',
    'com.atproto.space.getRecord',
  ])('%s is refused', (nsid) => {
    expect(decide(nsid, false)).toMatchObject({ to: 'refuse' })
  })
})

test('a handler is served here, whatever the table says', () => {
  expect(decide('com.atproto.server.createAppPassword', true)).toEqual({ to: 'local' })
})

test('the more specific rule wins, in whatever order', () => {
  const rules = [
    { match: 'a.b.c.d', to: 'refuse' },
    { match: 'a.b.*', to: 'appview' },
    { match: 'a.b.c.*', to: 'chat' },
  ] as const
  for (const table of [rules, [...rules].reverse()]) {
    expect(decide('a.b.x', false, table)).toMatchObject({ service: 'appview' })
    expect(decide('a.b.c.x', false, table)).toMatchObject({ service: 'chat' })
    expect(decide('a.b.c.d', false, table)).toMatchObject({ to: 'refuse' })
  }
})

test('no method that belongs to a PDS is forwarded by the generated table', () => {
  const owned = /^com\.atproto\.(server|identity|admin|repo|sync|space|simplespace)\./
  const forwarded = Object.entries(routes).filter(
    ([nsid, { to }]) => owned.test(nsid) && to === 'proxy',
  )
  expect(forwarded).toEqual([])
})
