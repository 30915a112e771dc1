/** When sign-ups look like abuse, and how they are slowed then (docs/operating.md has the figures). */

const HOUR = 60 * 60 * 1000
const WEEK_HOURS = 7 * 24

/** So many times the hourly mean of the week is a burst. */
const TIMES_MEAN = 5

/** Of one mail domain, a burst is half as many; that of so few is none in any case. */
const LEAST_OF_DOMAIN = 5

/** Sign-ups of the last hour that are remembered one by one. */
const MAX_RECENT = 500

/** Characters of a mail domain that are kept. */
const MAX_DOMAIN = 60

/** Providers that many people have their address with. */
const COMMON: ReadonlySet<string> = new Set(
  `gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.jp icloud.com me.com mac.com
   aol.com proton.me protonmail.com gmx.de gmx.net gmx.com web.de mail.com mail.ru yandex.ru qq.com 163.com naver.com
   fastmail.com posteo.de t-online.de orange.fr free.fr uol.com.br`
    .trim()
    .split(/\s+/),
)

/** What is kept of one sign-up: when, from which network (a hash), with an address at which domain. */
export type RecentSignUp = readonly [at: number, network: string, domain: string]

/** A time of too many sign-ups; it is over when none was slowed for an hour. */
export interface BurstEpisode {
  /** ms since the epoch. */
  since: number
  /** When a sign-up was slowed last. */
  last: number
  /** How many there were in the hour before, from how many networks, and the limit. */
  count: number
  networks: number
  limit: number
  /** The mail domain that most of them had, where that is what was noticed. */
  domain: string | null
  /** Whether the operator was told. */
  told: boolean
}

export interface BurstState {
  /** The last hour's, the oldest first. */
  recent: readonly RecentSignUp[]
  /** Sign-ups by hour for a week, the current hour last. */
  hours: readonly number[]
  /** The current hour, in hours since the epoch. */
  hour: number
  /** While they are slowed: when the next may come, in ms since the epoch. */
  nextAt: number
  episode: BurstEpisode | null
}

export interface SignUpFacts {
  /** Hash of the client's network. */
  network: string
  /** Domain of the e-mail address; empty: there is none. */
  domain: string
}

export const NO_SIGN_UPS: BurstState = {
  recent: [],
  hours: [],
  hour: 0,
  nextAt: 0,
  episode: null,
}

export interface Verdict {
  /** To be stored if the sign-up comes about, or is refused. */
  state: BurstState
  /** When it may be tried again, in ms since the epoch; undefined: it is let in. */
  retryAt: number | undefined
}

/** @param minimum sign-ups in an hour that are no burst in any case */
export function judgeSignUp(
  before: BurstState,
  { network, domain: full }: SignUpFacts,
  { now, minimum }: { now: number; minimum: number },
): Verdict {
  const domain = full.slice(0, MAX_DOMAIN)
  const state = rolled(before, now)
  const limit = limitOf(state, minimum)
  const ofDomain = state.recent.filter(([, , other]) => other === domain)
  const isOfDomain =
    domain !== '' &&
    !COMMON.has(domain) &&
    ofDomain.length >= Math.max(LEAST_OF_DOMAIN, Math.ceil(limit / 2))
  const isSlowed = isOfDomain || state.recent.length >= limit
  if (!isSlowed) return { state: admitted(state, [now, network, domain]), retryAt: undefined }
  const counted = isOfDomain ? ofDomain : state.recent
  const episode = state.episode
    ? { ...state.episode, last: now }
    : {
        since: now,
        last: now,
        count: counted.length,
        networks: new Set(counted.map(([, from]) => from)).size,
        limit,
        domain: isOfDomain ? domain : null,
        told: false,
      }
  if (now < state.nextAt) return { state: { ...state, episode }, retryAt: state.nextAt }
  const nextAt = now + Math.ceil(HOUR / limit)
  const next = admitted({ ...state, episode, nextAt }, [now, network, domain])
  return { state: next, retryAt: undefined }
}

/** The sign-ups in an hour from which on it is a burst. */
function limitOf({ hours }: BurstState, minimum: number): number {
  const earlier = hours.slice(0, -1)
  const mean = earlier.reduce((sum, n) => sum + n, 0) / (WEEK_HOURS - 1)
  return Math.max(minimum, Math.ceil(TIMES_MEAN * mean), 1)
}

/** The state at another time: what is over is forgotten. */
function rolled(state: BurstState, now: number): BurstState {
  const hour = Math.floor(now / HOUR)
  const passed = Math.max(0, Math.min(hour - state.hour, WEEK_HOURS))
  const hours = [...state.hours, ...Array<number>(passed).fill(0)].slice(-WEEK_HOURS)
  const isOver = state.episode !== null && now - state.episode.last > HOUR
  return {
    ...state,
    recent: state.recent.filter(([at]) => at > now - HOUR),
    hours: hours.length > 0 ? hours : [0],
    hour: Math.max(hour, state.hour),
    episode: isOver ? null : state.episode,
  }
}

const admitted = (state: BurstState, signUp: RecentSignUp): BurstState => ({
  ...state,
  recent: [...state.recent, signUp].slice(-MAX_RECENT),
  hours: [...state.hours.slice(0, -1), (state.hours.at(-1) ?? 0) + 1],
})
