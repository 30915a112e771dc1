/** Kinds of settings: how their text is read, and what is wrong with it if it cannot be. */
import ipaddr from 'ipaddr.js'
import { parseRoute, type RouteSetting } from '../../routing/settings.ts'
import { type HexColor, parseHexColor } from '../color.ts'
import { type MailApi, parseMailApi } from './mail-url.ts'

export interface Setting<T> {
  readonly type: 'text' | 'secret' | 'list' | 'count' | 'flag' | 'choice'
  readonly doc: string
  /** What applies when it is not set, in words. */
  readonly otherwise: string
  readonly parse: (value: string) => T
}

export const text = (otherwise: string, doc: string): Setting<string> => ({
  type: 'text',
  doc,
  otherwise,
  parse: (value) => value,
})

/** A host name, or a did:web, which is one; DNS does not tell capitals from small letters. */
export const host = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  parse: (value) => (/^did:(?!web:)/i.test(value) ? value : value.toLowerCase()),
})

/** An IP address. */
export const address = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  parse(value) {
    if (!ipaddr.isValid(value)) throw new Error('must be an IP address')
    return value
  },
})

export const secret = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  type: 'secret',
})

export const url = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  parse(value) {
    const { protocol } = new URL(value)
    if (protocol !== 'https:' && protocol !== 'http:') throw new Error('must be an http(s) URL')
    return value.replace(/\/$/, '')
  },
})

/** A URL that pages load or link, as browsers write it. What separates sources in a policy (CSP) is escaped. */
export const link = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  parse(value) {
    const url = URL.parse(value)
    const isLink = url !== null && ['https:', 'http:', 'mailto:'].includes(url.protocol)
    if (!isLink || url.username !== '' || url.password !== '') throw new Error('must be a URL')
    return url.href.replace(
      /[;,'"]/g,
      (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
    )
  },
})

export const hexColor = (otherwise: string, doc: string): Setting<HexColor> => ({
  type: 'text',
  doc,
  otherwise,
  parse(value) {
    const color = parseHexColor(value)
    if (!color) throw new Error('must be a colour of the form #rgb or #rrggbb')
    return color
  },
})

/** Characters of the name of a host: it stands in headers of pages and in subjects of mails. */
const MAX_NAME = 60

export const serviceName = (otherwise: string, doc: string): Setting<string> => ({
  ...text(otherwise, doc),
  parse(value) {
    const name = value.trim()
    if (name === '' || name.length > MAX_NAME || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) {
      throw new Error(`must be one line of up to ${MAX_NAME} characters`)
    }
    return name
  },
})

/** An SMTP server, with its credentials. */
export const smtpUrl = (otherwise: string, doc: string): Setting<string> => ({
  type: 'secret',
  doc,
  otherwise,
  parse(value) {
    const url = URL.parse(value)
    if ((url?.protocol !== 'smtp:' && url?.protocol !== 'smtps:') || url.hostname === '') {
      throw new Error('must be smtp://<user>:<password>@<host>:<port>, or smtps://')
    }
    return value
  },
})

/** A service that takes mails, with its credentials. */
export const mailApi = (otherwise: string, doc: string): Setting<MailApi> => ({
  type: 'secret',
  doc,
  otherwise,
  parse: parseMailApi,
})

export const list = (otherwise: string, doc: string): Setting<readonly string[]> => ({
  type: 'list',
  doc,
  otherwise,
  parse: (value) =>
    value
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
})

export const domains = (otherwise: string, doc: string): Setting<readonly string[]> => {
  const { type, parse } = list(otherwise, doc)
  return { type, doc, otherwise, parse: (value) => parse(value.toLowerCase()) }
}

export const routes = (otherwise: string, doc: string): Setting<readonly RouteSetting[]> => {
  const { type, parse } = list(otherwise, doc)
  return { type, doc, otherwise, parse: (value) => parse(value).map(parseRoute) }
}

export const count = (otherwise: string, doc: string): Setting<number> => ({
  type: 'count',
  doc,
  otherwise,
  parse(value) {
    if (!/^\d+$/.test(value)) throw new Error('must be a whole number')
    return Number(value)
  },
})

/** So many in an hour and so many in a day. */
export interface PerHourAndDay {
  hour: number
  day: number
}

export const perHourAndDay = (otherwise: string, doc: string): Setting<PerHourAndDay> => ({
  type: 'text',
  doc,
  otherwise,
  parse(value) {
    const [, hour, day] = /^(\d{1,9})\/(\d{1,9})$/.exec(value) ?? []
    if (hour === undefined || day === undefined) {
      throw new Error('must be <number in an hour>/<number in a day>')
    }
    return { hour: Number(hour), day: Number(day) }
  },
})

export const flag = (otherwise: string, doc: string): Setting<boolean> => ({
  type: 'flag',
  doc,
  otherwise,
  parse(value) {
    if (/^(true|t|1)$/i.test(value)) return true
    if (/^(false|f|0)$/i.test(value)) return false
    throw new Error('must be true or false')
  },
})

export const choice = <const T extends string>(
  otherwise: NoInfer<T>,
  options: readonly T[],
  doc: string,
): Setting<T> => ({
  type: 'choice',
  doc,
  otherwise,
  parse(value) {
    const chosen = options.find((option) => option === value)
    if (!chosen) throw new Error(`must be one of ${options.join(', ')}`)
    return chosen
  },
})

export const someOf = <const T extends string>(
  otherwise: string,
  options: readonly T[],
  doc: string,
): Setting<readonly T[]> => {
  const { type, parse } = list(otherwise, doc)
  const one = choice(options[0] as T, options, doc)
  return { type, doc, otherwise, parse: (value) => parse(value).map((item) => one.parse(item)) }
}
