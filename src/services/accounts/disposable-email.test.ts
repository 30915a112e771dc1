import { expect, test } from 'vitest'
import { readSignUps } from '../../kernel/config/sign-up-settings.ts'
import { assertLastingEmail } from './disposable-email.ts'

const outcome = async (email: string | null, settings: Parameters<typeof readSignUps>[0] = {}) => {
  try {
    await assertLastingEmail(email, { signUps: readSignUps(settings) })
    return 'taken'
  } catch (error) {
    return (error as Error).message
  }
}
const refused = 'This email address is not supported, please use a different email.'

test('addresses that last a moment are refused, at subdomains too; others are not', async () => {
  for (const email of ['a@mailinator.com', 'a@x.mailinator.com', 'a@yopmail.com'])
    expect(await outcome(email)).toBe(refused)
  for (const email of [
    'a@gmail.com',
    'a@mailinator.com.example',
    'mailinator.com@example.com',
    null,
  ])
    expect(await outcome(email)).toBe('taken')
})

test('unless the operator takes all of them, or some', async () => {
  expect(await outcome('a@mailinator.com', { PDS_EMAIL_REFUSE_DISPOSABLE: false })).toBe('taken')
  const allowed = { PDS_EMAIL_DOMAINS_ALLOWED: ['mailinator.com'] }
  expect(await outcome('a@x.mailinator.com', allowed)).toBe('taken')
  expect(await outcome('a@yopmail.com', allowed)).toBe(refused)
})
