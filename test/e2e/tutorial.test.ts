/** Follows docs/tutorial.md to the letter: from an empty folder with nothing but the package to an app in a browser. */
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { complaintsOf, keepLooks, lacksChromium, startChromium } from '../support/chromium.ts'
import { Unpacked } from '../support/package.ts'
import { commandsOf } from '../support/page-commands.ts'
import { follow, Reader } from '../support/reader.ts'
import { freePort, startServer, type TestServer } from '../support/server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const SERVES = 'npx vite web --host 127.0.0.1 --port 5173'

let unpacked: Unpacked
let reader: Reader
let app: string
let server: TestServer
let [port, webPort, bobsPassword] = [0, 0, '']
const dataDirectory = mkdtempSync(join(tmpdir(), 'cumulus-tutorial-'))

beforeAll(async () => {
  ;[unpacked, port, webPort] = [await Unpacked.make(), await freePort(), await freePort()]
  reader = new Reader({
    CUMULUS_ENV_FILE: '',
    PDS_PORT: String(port),
    PDS_DATA_DIRECTORY: dataDirectory,
    WRANGLER_SEND_METRICS: 'false',
  })
  app = join(reader.home, 'cook')
  const create = `'${process.execPath}' '${unpacked.program}' "$@" --package 'file:${unpacked.tarball}'`
  reader.program('npx', `[ -d node_modules ] && exec "node_modules/.bin/$@"\nshift; exec ${create}`)
  // What it would install is there: package.test.ts does that in its long form.
  reader.program('npm', '[ "$1" = install ] || PATH=$(echo "$PATH" | cut -d: -f2-) exec npm "$@"')
})
afterAll(async () => {
  reader?.close()
  await server?.stop()
  unpacked?.remove()
})

follow('docs/tutorial.md', {
  reader: () => reader,
  project: () => app,
  instead: () => [
    [' --install', ' --no-install'],
    // There is no checkout below the reader's home, but the package as npm has it.
    ['../cook', 'cook'],
    ['http://localhost:2583', `http://localhost:${port}`],
    ['http://localhost:2582', `http://localhost:${port - 1}`],
  ],
  steps: {
    'npx cumulus create ../cook --install': { after: () => unpacked.installIn(app) },
    'npm test': { shows: /2 passed/ },
    'npm run codegen -- scopes com.example.cook --write': {
      // What the page has in its place differs by its words.
      after: () =>
        expect(permissions()).toEqual(['com.example.cook.rating', 'com.example.cook.recipe']),
    },
    'npm start': 'beside this shell: see below',
    'npx cumulus account create bob.test': {
      before: async () => {
        server = await startServer({
          program: join(app, 'node_modules', 'cumulus', 'cli', 'cumulus.js'),
          cwd: app,
          dataDirectory,
          port,
          unset: true,
        })
        expect(server.output).toContain(`http://localhost:${port - 1}`)
      },
      shows: /bob\.test/,
      after: ({ stdout }) => {
        bobsPassword = /password:?\s+(\S+)/i.exec(stdout)?.[1] ?? ''
      },
    },
    [SERVES]: 'beside this shell: see below',
    'curl "http://localhost:2583/xrpc/com.example.cook.listRecipes?limit=1"': {
      shows: /\{"recipes":\[\]\}/,
    },
    'npx wrangler deploy --dry-run': { shows: /env\.ACCOUNTS \(AccountObject\)/ },
  },
})

function permissions(): unknown {
  const text = readFileSync(join(app, 'lexicons/com/example/cook/auth.json'), 'utf8')
  return JSON.parse(text).defs.main.permissions[0].collection
}

describe.skipIf(lacksChromium())('the page in a browser', () => {
  let browser: Browser
  let vite: ChildProcess
  const web = () => `http://127.0.0.1:${webPort}`

  beforeAll(async () => {
    const served = commandsOf('docs/tutorial.md').find(({ name }) => name === SERVES)?.text ?? ''
    const [, program = '', ...args] = served.replace('5173', String(webPort)).split(' ')
    vite = spawn(join(app, 'node_modules', '.bin', program), args, { cwd: app, stdio: 'ignore' })
    browser = await startChromium()
    while (!(await fetch(web()).catch(() => undefined))) await sleep(50)
  })
  afterAll(async () => {
    await browser?.close()
    vite?.kill()
  })

  /** Somebody in a browser of their own. */
  async function signIn(handle: string, password: string): Promise<Page> {
    const page = await (await browser.newContext()).newPage()
    await page.goto(web())
    await page.getByLabel('Handle').fill(handle)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.locator('input[type="password"]').fill(password)
    await page.keyboard.press('Enter')
    await page.getByText('Publish recipes, and rate those of others.').waitFor()
    await page.getByRole('button', { name: /authorize|allow|accept/i }).click()
    await page.getByRole('button', { name: 'Publish' }).waitFor()
    return page
  }

  const list = async () =>
    (await fetch(`http://localhost:${port}/xrpc/com.example.cook.listRecipes`)).json()

  test('one person publishes a recipe, another one rates it', async () => {
    const alice = await signIn(
      'alice.test',
      readFileSync(join(dataDirectory, 'first-password'), 'utf8').trim(),
    )
    const complaints = complaintsOf(alice)
    await alice.getByLabel('Title').fill('Soup')
    await alice.getByLabel('Recipe').fill('Stir.')
    await alice.getByRole('button', { name: 'Publish' }).click()
    await alice.getByText('not rated yet').waitFor()
    expect(complaints).toEqual([])

    const bob = await signIn('bob.test', bobsPassword)
    await bob.getByRole('button', { name: '4 ★' }).click()
    await bob.getByText('you gave it 4').waitFor()
    await keepLooks(bob, 'tutorial')
    await vi.waitFor(async () =>
      expect(await list()).toMatchObject({
        recipes: [{ recipe: { title: 'Soup' }, ratings: 1, average: 40, thisWeek: 1 }],
      }),
    )
    await alice.reload()
    await alice.getByText('4 of 5 stars (1)').waitFor()
  })
})
