/** A real browser, where there is one, with a passkey authenticator in software. */
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const ARTEFACTS = fileURLToPath(new URL('../artefacts', import.meta.url))

/** Where Chromium is (`CHROMIUM`, or as Debian installs it); undefined: there is none. */
export const chromiumPath = (): string | undefined =>
  [process.env.CHROMIUM, ...PLACES].find((path) => path !== undefined && existsSync(path))

/** For `describe.skipIf`: says so where tests are skipped. */
export function lacksChromium(): boolean {
  const lacks = chromiumPath() === undefined
  if (lacks)
    console.warn('skipped: no Chromium. apt-get install chromium, or set CHROMIUM to its path')
  return lacks
}

/** What the browser complains of on a page, from now on: nothing, unless a page asks for what its policy forbids. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  return complaints
}

export async function startChromium(): Promise<Browser> {
  const executablePath = chromiumPath()
  if (!executablePath) {
    throw new Error('there is no Chromium: apt-get install chromium, or set CHROMIUM to its path')
  }
  // Tests may run as root, where Chromium's sandbox refuses to start.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}

/** Gives a page an authenticator whose user always agrees (Chrome DevTools Protocol, WebAuthn). */
export async function addAuthenticator(context: BrowserContext, page: Page): Promise<void> {
  const session = await context.newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

/** Keeps what a page looks like: wide, narrow, and narrow in the dark. */
export async function keepLooks(page: Page, name: string): Promise<void> {
  mkdirSync(ARTEFACTS, { recursive: true })
  const size = page.viewportSize()
  const looks = [
    { suffix: 'wide', width: 1100, colorScheme: 'light' },
    { suffix: 'narrow', width: 360, colorScheme: 'light' },
    { suffix: 'dark', width: 360, colorScheme: 'dark' },
  ] as const
  for (const { suffix, width, colorScheme } of looks) {
    await page.setViewportSize({ width, height: 800 })
    await page.emulateMedia({ colorScheme })
    const path = join(ARTEFACTS, `${name}-${suffix}.png`)
    await page.screenshot({ path, fullPage: true, animations: 'disabled' })
  }
  await page.emulateMedia({ colorScheme: 'light' })
  if (size) await page.setViewportSize(size)
}
