import { expect, test } from 'vitest'
import { accessOf, type DescribedDefinition } from './access.ts'
import { mayCall } from './auth/oauth-rule.ts'
import { admin, anyone, fullSession, refresh, session, viewer } from './auth/policy.ts'

const of = (definition: DescribedDefinition) => {
  const { anyone: isOpen, credentials, oauth } = accessOf(definition)
  return [isOpen, credentials, oauth]
}

test('who may call is read off the policy and the rule for apps', () => {
  const oauth = mayCall('com.example.list')
  expect(of({ auth: anyone })).toEqual([true, [], undefined])
  expect(of({ auth: session })).toEqual([false, ['session'], undefined])
  expect(of({ auth: session, oauth })).toEqual([false, ['session'], ['rpc:com.example.list?aud=*']])
  expect(of({ auth: fullSession })).toEqual([false, ['main password'], undefined])
  expect(of({ auth: viewer })).toEqual([true, ['session', 'operator'], ['atproto']])
  expect(of({ auth: admin })).toEqual([false, ['operator'], undefined])
  expect(of({ auth: refresh })).toEqual([false, ['refresh token'], undefined])
})

test.each([
  [{ repo: 'com.example.entry', action: 'create' }, ['repo:com.example.entry?action=create']],
  [{ account: 'email', action: 'manage' }, ['account:email?action=manage']],
  [{ account: 'email', action: 'read' }, ['account:email']],
  [{ identity: 'handle' }, ['identity:handle']],
  ['never', undefined],
  [() => [], 'varies'],
])('the rule %j asks for %j', (oauth, scopes) => {
  expect(accessOf({ auth: session, oauth }).oauth).toEqual(scopes)
})
