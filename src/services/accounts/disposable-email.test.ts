import { expect, test } from 'vitest'
import { readSignUps } from '../../kernel/config/sign-up-settings.ts'
import { assertLastingEmail } from './disposable-email.ts'

const outcome = (email: string | null, settings: Parameters<typeof readSignUps>[0] = {}) => {
  try {
    assertLastingEmail(email, { signUps: readSignUps(settings) })
    return 'taken'
  } catch (error) {
    return (error as Error).message
  }
}
const refused = 'This email address is not supported, please use a different email.'

test('addresses that last a moment are refused, at subdomains too; others are not', () => {
  for (const email of ['a@mailinator.com', 'a@x.mailinator.com', 'a@yopmail.com'])
    expect(outcome(email)).toBe(refused)
  for (const email of [
    'a@gmail.com',
    'a@mailinator.com.example',
    'mailinator.com@example.com',
    null,
  ])
    expect(outcome(email)).toBe('taken')
})

test('unless the operator takes all of them, or some', () => {
  expect(outcome('a@mailinator.com', { PDS_EMAIL_REFUSE_DISPOSABLE: false })).toBe('taken')
  const allowed = { PDS_EMAIL_DOMAINS_ALLOWED: ['mailinator.com'] }
  expect(outcome('a@x.mailinator.com', allowed)).toBe('taken')
  expect(outcome('a@yopmail.com', allowed)).toBe(refused)
})
