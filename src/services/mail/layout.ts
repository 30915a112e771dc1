/**
 * How all mails look: tables and inline styles, which mail programs show as they are meant; dark where the program is.
 * Of elsewhere they load the host's logo, and nothing else.
 */
import { DAY, linkColors, NIGHT, primaryOf } from '../../kernel/brand-colors.ts'
import type { Config } from '../../kernel/config/config.ts'
import { escapeHtml } from './html.ts'

/** Part of a mail. Texts are escaped here. */
export type Block =
  | { paragraph: string }
  /** On a line of its own, to be typed or copied. */
  | { code: string }
  /** Beside the point. */
  | { quiet: string }

export interface Page {
  /** Language of the texts (BCP 47); undefined: nobody knows. */
  language: string | undefined
  subject: string
  blocks: readonly Block[]
}

export type MailConfig = Pick<Config, 'hostname' | 'publicUrl' | 'branding'>

/** What a mail says, as text and as HTML. */
export const layOut = (config: MailConfig, page: Page): { text: string; html: string } => ({
  text: asText(config, page),
  html: asHtml(config, page),
})

/** The host in a sentence: its name, and where it is if that is something else. */
export const serviceName = ({ branding: { name }, hostname }: MailConfig): string =>
  name === hostname ? hostname : `${name} (${hostname})`

function asText(config: MailConfig, { blocks }: Page): string {
  const parts = blocks.map((block) => {
    if ('code' in block) return `    ${block.code}`
    return 'paragraph' in block ? block.paragraph : block.quiet
  })
  return `${[...parts, `-- \n${serviceName(config)}`].join('\n\n')}\n`
}

const FONT = 'font-family:system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif'
const TABLE = 'role="presentation" cellpadding="0" cellspacing="0" border="0" width="100%"'

function asHtml(config: MailConfig, { language, subject, blocks }: Page): string {
  const { branding, publicUrl } = config
  const lang = language === undefined ? '' : ` lang="${escapeHtml(language)}"`
  const link = linkColors(branding)
  return `<!doctype html>
<html${lang}><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>
@media (prefers-color-scheme: dark) {
.page { background: ${NIGHT.page} !important; color: #ececf1 !important }
.card { background: ${NIGHT.card} !important; border-color: ${primaryOf(branding)} #35353f #35353f !important; color: #ececf1 !important }
.code { background: ${NIGHT.page} !important; border-color: #35353f !important; color: #ececf1 !important }
.quiet, .quiet a { color: #a9a9b8 !important }
.link { color: ${link.night} !important }
}
</style></head>
<body class="page" style="margin:0;padding:0;background:${DAY.page}">
<table ${TABLE} class="page" style="background:${DAY.page};color:#15151a"><tr><td align="center" style="padding:24px 12px">
<table ${TABLE} style="max-width:560px;text-align:left;${FONT};font-size:16px;line-height:1.5">
<tr><td style="padding:0 8px 16px;font-weight:bold">${logo(config)}${escapeHtml(branding.name)}</td></tr>
<tr><td class="card" style="background:${DAY.card};border:1px solid #d9d9e2;border-top:4px solid ${primaryOf(branding)};border-radius:8px;padding:20px 24px;overflow-wrap:break-word;word-break:break-word">
${blocks.map((block) => blockHtml(block, link.day)).join('\n')}
</td></tr>
<tr><td class="quiet" style="padding:16px 8px;color:#5a5a68;font-size:14px"><a href="${escapeHtml(branding.homeUrl ?? publicUrl)}" style="color:#5a5a68">${escapeHtml(serviceName(config))}</a></td></tr>
</table>
</td></tr></table>
</body></html>
`
}

const logo = ({ branding: { logoUrl } }: MailConfig): string =>
  logoUrl === undefined
    ? ''
    : `<img src="${escapeHtml(logoUrl)}" alt="" height="32" style="height:32px;width:auto;max-width:128px;vertical-align:middle;border:0;margin-right:10px">`

function blockHtml(block: Block, link: string): string {
  if ('code' in block) {
    return `<p class="code" style="margin:16px 0;padding:12px 16px;background:${DAY.page};border:1px solid #d9d9e2;border-radius:8px;font:bold 24px monospace;letter-spacing:1px">${escapeHtml(block.code)}</p>`
  }
  if ('quiet' in block) {
    return `<p class="quiet" style="margin:8px 0;color:#5a5a68;font-size:14px">${withLinks(block.quiet, link)}</p>`
  }
  return `<p style="margin:8px 0">${withLinks(block.paragraph, link).replaceAll('\n', '<br>')}</p>`
}

/** Addresses of the web become links: what they lead to stands there. */
const withLinks = (text: string, color: string): string =>
  text
    .split(/(https?:\/\/[^\s“”«»「」<>"']+[^\s“”«»「」<>"'.,:;!?])/)
    .map((part, at) =>
      at % 2 === 0
        ? escapeHtml(part)
        : `<a class="link" href="${escapeHtml(part)}" style="color:${color}">${escapeHtml(part)}</a>`,
    )
    .join('')
