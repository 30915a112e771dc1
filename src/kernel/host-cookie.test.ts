import { expect, test } from 'vitest'
import { hostCookie, readCookie, readHostCookie } from './host-cookie.ts'

const secure = { publicUrl: 'https://pds.test' }
const local = { publicUrl: 'http://localhost:2583' }

test('a cookie is for this host alone, and over https where there is any', () => {
  const rest = 'Path=/; Max-Age=60; HttpOnly; SameSite=Lax'
  expect(hostCookie(secure, 'a', 'b', 60)).toBe(`__Host-a=b; ${rest}; Secure`)
  expect(hostCookie(local, 'a', 'b', 60)).toBe(`a=b; ${rest}`)
})

test('what was set is read, and nothing that is only named alike', () => {
  const header = 'xa=1; a=2; __Host-a=3=4;ab=5; a=6'
  expect(readHostCookie(secure, 'a', header)).toBe('3=4')
  expect(readHostCookie(local, 'a', header)).toBe('2')
  expect(readHostCookie(secure, 'a', 'a=2')).toBeUndefined()
  expect(readCookie('ab', header)).toBe('5')
  expect(readCookie('a', null)).toBeUndefined()
})
