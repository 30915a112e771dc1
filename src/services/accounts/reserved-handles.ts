/**
 * Names under a host's own domain that people would take for the host itself, its operator, or a part of its
 * technology. One word per name; `hyphens-count`.
 */
const WORDS = `
  about abuse access account accounts activate activity ad add address admin administration administrator
  ads advertise affiliate alert alerts alpha analytics anon anonymous api app appeal apps appview archive
  assets at atproto atp audit auth authentication author authorize autoconfig autodiscover avatar backup
  beta billing blob blobs blog bluesky board bot bots bounce browser bsky business cache calendar callback
  captcha cart cdn cert certificate changelog chat check checkout client cloud code comment community company
  compliance config connect contact content cookie copyright core css customer dashboard data database
  debug default delete demo deploy dev developer developers devices dialog did directory disable dm dmca
  dns doc docs documentation domain domains donate download drafts edit editor email embed employee
  error errors event events example explore export faq favicon feed feedback feeds file files
  firehose follow followers following forgot forum ftp gateway graph group groups guest guide handle
  handles hash health help helpdesk home host hosting hostmaster html http https id identity image images
  imap img import inbox index info information internal invite invites invoice ipfs irc is issue issues
  javascript job jobs join js json jwt key keys label labeler labels language ldap legal lexicon license list
  lists live local localhost log login logout logs mail mailbox mailer mailerdaemon mailer-daemon main
  maintenance manage manager marketing master me media member members message messages metrics
  mobile mod moderation moderator mods money monitor mx my name nameserver net network new news
  newsletter nil nobody noc none noreply no-reply notification notifications ns ns1 ns2 null oauth
  official offline ops operator order orders outbox owner owners page pages partner passkey password
  pay payment payments pds phishing photo photos ping plc policy pop pop3 port portal post postmaster posts
  press preview pricing privacy private product profile profiles project proxy public purchase push query
  redirect refund register registration relay repo report reports repos reset resolve root router rss
  rules sales sandbox script search secure security self send server servers service services session
  sessions settings setup share shop signin signout signup site sitemap sms smtp source spam spec
  sql ssh ssl staff staging start stat static stats status storage store stream style submit subscribe
  subscription suggest superuser support sync sys sysadmin system team teams tech terms test testing
  thread timeline tls token tokens tools tos trace translate trust undefined unfollow unsubscribe update
  upgrade upload url usage user username users validate verification verify video videos view void
  web webhook webmail webmaster website well-known whois wiki ws wss www www1 www2 xml xrpc you
`

let words: ReadonlySet<string> | undefined

/** Whether a name, without its domain, may not be had. Hyphens do not make it another one. */
export function isReserved(name: string): boolean {
  words ??= new Set(WORDS.trim().split(/\s+/).map(withoutHyphens))
  return words.has(withoutHyphens(name))
}

const withoutHyphens = (name: string): string => name.replaceAll('-', '')
