/** How a host looks: name, logo, colours and links of its pages, of the OAuth provider's, and of its mails. */
import type { HexColor } from '../color.ts'
import { hexColor, link, serviceName } from './kinds.ts'

export interface Branding {
  /** PDS_SERVICE_NAME, or the host name. */
  name: string
  logoUrl: string | undefined
  colors: Readonly<Record<'primary' | 'error' | 'warning' | 'info' | 'success', Color>>
  /** Images behind the OAuth provider's pages. */
  background: Readonly<Record<'light' | 'dark', string | undefined>>
  homeUrl: string | undefined
  /** A page, or a `mailto:`. */
  supportUrl: string | undefined
}

type Color = HexColor | undefined

/** The reference PDS's names. */
export const brandingSettings = {
  PDS_SERVICE_NAME: serviceName(
    'the host name',
    'Name of the host in pages and mails, up to 60 characters.',
  ),
  PDS_LOGO_URL: link(
    'none',
    'Picture beside the name, in pages and mails: an https URL, or one of this host.',
  ),
  PDS_PRIMARY_COLOR: hexColor('#8338ec', 'Colour of buttons and links: `#rgb` or `#rrggbb`.'),
  PDS_ERROR_COLOR: hexColor('a red', 'Colour of what went wrong.'),
  PDS_WARNING_COLOR: hexColor('an orange', 'Colour of warnings.'),
  PDS_INFO_COLOR: hexColor('a blue', 'Colour of hints.'),
  PDS_SUCCESS_COLOR: hexColor('a green', 'Colour of what went well.'),
  PDS_BACKGROUND_LIGHT_URL: link('none', "Picture behind the OAuth provider's pages, by day."),
  PDS_BACKGROUND_DARK_URL: link('none', 'The same in dark mode.'),
  PDS_HOME_URL: link('none', 'Home page of whoever runs the host, linked from all pages.'),
  PDS_SUPPORT_URL: link(
    '`mailto:` PDS_CONTACT_EMAIL_ADDRESS',
    'Where people get help: a page, or a `mailto:`.',
  ),
} as const

type Parsed = {
  [Name in keyof typeof brandingSettings]?: ReturnType<(typeof brandingSettings)[Name]['parse']>
}

const urls = [
  'PDS_LOGO_URL',
  'PDS_BACKGROUND_LIGHT_URL',
  'PDS_BACKGROUND_DARK_URL',
  'PDS_HOME_URL',
  'PDS_SUPPORT_URL',
] as const

/** What is wrong with the URLs: pages of a public host load and link nothing by plain http. */
export function brandingProblems(parsed: Readonly<Parsed>, publicUrl: string): string[] {
  return urls.flatMap((name) => {
    const url = parsed[name] === undefined ? null : URL.parse(parsed[name])
    if (!url || url.protocol === 'https:' || url.origin === publicUrl) return []
    if (url.protocol === 'mailto:' && name === 'PDS_SUPPORT_URL') return []
    return [`${name}: must be an https URL, or one of this host (it is "${parsed[name]}")`]
  })
}

export function readBranding(
  parsed: Readonly<Parsed>,
  { hostname, contactEmail }: { hostname: string; contactEmail: string | undefined },
): Branding {
  return {
    name: unlessNone(parsed.PDS_SERVICE_NAME) ?? hostname,
    logoUrl: unlessNone(parsed.PDS_LOGO_URL),
    colors: {
      primary: unlessNone(parsed.PDS_PRIMARY_COLOR),
      error: unlessNone(parsed.PDS_ERROR_COLOR),
      warning: unlessNone(parsed.PDS_WARNING_COLOR),
      info: unlessNone(parsed.PDS_INFO_COLOR),
      success: unlessNone(parsed.PDS_SUCCESS_COLOR),
    },
    background: {
      light: unlessNone(parsed.PDS_BACKGROUND_LIGHT_URL),
      dark: unlessNone(parsed.PDS_BACKGROUND_DARK_URL),
    },
    homeUrl: unlessNone(parsed.PDS_HOME_URL),
    supportUrl: parsed.PDS_SUPPORT_URL
      ? unlessNone(parsed.PDS_SUPPORT_URL)
      : contactEmail && `mailto:${contactEmail}`,
  }
}

/** `none` is read as it stands, whatever the kind of a setting. */
const unlessNone = <T extends string>(value: T | undefined): T | undefined =>
  value === 'none' ? undefined : value
