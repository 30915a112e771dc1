import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from '@decimalturn/toml-patch'
import { expect, test } from 'vitest'
import { ROOT } from './bundle.ts'
import { COMPATIBILITY } from './compatibility.ts'

test('workerd here and at Cloudflare behave alike', () => {
  const { compatibility_date: date, compatibility_flags: flags } = parse(
    readFileSync(join(ROOT, 'wrangler.toml'), 'utf8'),
  )
  expect({ date, flags }).toEqual(COMPATIBILITY)
})
