import { describe, expect, test } from 'vitest'
import { findSetting, parseRoute } from './settings.ts'

describe('a route that the operator sets', () => {
  test.each([
    ['com.example.*=did:web:svc.example.com#svc', { did: 'did:web:svc.example.com', id: 'svc' }],
    [
      'com.example.get = did:web:svc.example.com#svc@http://10.0.0.5:3000/',
      { did: 'did:web:svc.example.com', id: 'svc', url: 'http://10.0.0.5:3000' },
    ],
    ['app.bsky.video.*=none', 'refuse'],
    ['com.example.*=appview', 'appview'],
  ])('is read: %s', (text, to) => {
    expect(parseRoute(text)).toMatchObject({ to })
  })

  test.each([
    'com.example.*',
    'com.example=',
    '*=appview',
    'com.*=appview',
    'com.example.*=somewhere',
    'com.example.*=did:web:svc.example.com',
    'com.example.*=did:web:svc.example.com#a#b',
    'com.example.*=did:web:svc.example.com#svc@ftp://a',
    'com.atproto.server.*=appview',
    'com.atproto.repo.getRecord=appview',
    'COM.ATPROTO.Server.getSession=appview',
  ])('is refused when it makes no sense: %s', (text) => {
    expect(() => parseRoute(text)).toThrow(/must be|belongs to the PDS/)
  })

  test('applies to the methods it names, the most specific one first, and never to those of a PDS', () => {
    const settings = ['com.atproto.*=chat', 'com.example.*=appview', 'com.example.a.*=none'].map(
      parseRoute,
    )
    expect(findSetting('com.example.b', settings)).toMatchObject({ to: 'appview' })
    expect(findSetting('com.Example.a.b', settings)).toMatchObject({ to: 'refuse' })
    expect(findSetting('com.atproto.label.queryLabels', settings)).toMatchObject({ to: 'chat' })
    expect(findSetting('com.atproto.server.getSession', settings)).toBeUndefined()
    expect(findSetting('com.atproto.SERVER.getsession', settings)).toBeUndefined()
    expect(findSetting('org.example.a', settings)).toBeUndefined()
  })
})
