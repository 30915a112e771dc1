import { expect, test } from 'vitest'
import { readNext } from './alternative-sign-in.ts'

const ORIGIN = 'https://pds.example.com'

test.each([
  [
    '/oauth/authorize?request_uri=urn%3Aa&client_id=b',
    '/oauth/authorize?request_uri=urn%3Aa&client_id=b',
  ],
  ['https://pds.example.com/oauth/authorize?a=b', '/oauth/authorize?a=b'],
  ['/account', '/account'],
  ['/account/u/alice.test/apps', '/account/u/alice.test/apps'],
  ['/account/../account#here', '/account'],
])('after signing in somebody may go on to %s', (input, next) => {
  expect(readNext(input, ORIGIN)).toBe(next)
})

test.each([
  undefined,
  '',
  '/',
  '/settings',
  '/accounts',
  '/oauth/authorize/redirect?redirect_uri=https://evil.example',
  '/account/../oauth/authorize/redirect',
  '/oauth/token',
  'https://evil.example/oauth/authorize',
  'http://pds.example.com/account',
  'https://pds.example.com@evil.example/account',
  '//evil.example/account',
  '\\\\evil.example/account',
  '/\\evil.example/account',
  'javascript:alert(1)//oauth/authorize',
  'data:text/html,/account',
])('after signing in nobody is led to %s', (input) => {
  expect(readNext(input, ORIGIN)).toBeUndefined()
})
